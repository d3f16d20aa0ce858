-- What changed of which cached rows are made: see sql/pgsql/0004_changes.sql.

-- All that was committed at that position or later.
-- name: changes_since
SELECT DISTINCT subject
FROM changes
WHERE position >= :position
LIMIT :limit;
