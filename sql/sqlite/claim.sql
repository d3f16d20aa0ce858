-- Writers wait where the transaction begins.
-- name: claim_wait
SELECT :ms AS ms;
