-- Until the transaction ends no lock is waited for longer than these milliseconds.
-- name: claim_wait
SELECT set_config('lock_timeout', CAST(CAST(:ms AS BIGINT) AS TEXT), TRUE) AS ms;
