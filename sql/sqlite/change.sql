-- Changes, what must differ: see sql/pgsql/change.sql.

-- One writer at a time: numbers are given in the order of the commits.
-- name: changes_position
SELECT COALESCE(max(position), 0) + 1 AS n FROM changes;

-- Is the oldest one to be swept?
-- name: changes_old
SELECT count(*) AS n
FROM (SELECT position, changed_at FROM changes ORDER BY position LIMIT 1) o
WHERE o.changed_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
	AND o.position < (SELECT max(position) FROM changes);

-- name: changes_sweep
DELETE FROM changes
WHERE changed_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
	AND position < (SELECT max(position) FROM changes);
