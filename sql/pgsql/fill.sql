-- Filling, what must differ: other hosts have schedulers too.

-- May this host fill, until the end of the transaction?
-- name: fill_lock
SELECT CASE WHEN pg_try_advisory_xact_lock(1885956724) THEN 1 ELSE 0 END AS n;
