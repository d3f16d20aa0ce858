-- Changes of the rows that caches keep: see sql/pgsql/0004_changes.sql.

-- Everything that was committed at that position or later.
-- name: changes_since
SELECT DISTINCT subject
FROM changes
WHERE position >= :position
LIMIT :limit;
