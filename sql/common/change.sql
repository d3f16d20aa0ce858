-- What changed of which cached rows are made: see sql/pgsql/0004_changes.sql.

-- All that was committed at position $1 or later; $2 = at most so many.
-- name: changes_since
SELECT DISTINCT subject
FROM changes
WHERE position >= $1
LIMIT $2;
