-- Changes, what must differ: how transactions are numbered.

-- What commits from now on has this number or a higher one: the oldest
-- transaction that is not over.
-- name: changes_position
SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT) AS n;

-- Is the oldest one to be swept?
-- name: changes_old
SELECT count(*) AS n
FROM (SELECT changed_at FROM changes ORDER BY position LIMIT 1) o
WHERE o.changed_at < now() - INTERVAL '1 hour';

-- name: changes_sweep
DELETE FROM changes WHERE changed_at < now() - INTERVAL '1 hour';
