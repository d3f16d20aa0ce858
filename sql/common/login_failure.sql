-- Login failures: one row for an account and a network, one for the account
-- and '*'. No moment is computed here; op/guess.c decides over locked rows.

-- name: login_failure_find
SELECT failures, first_at, last_at, blocked_until, last_success_at, forget_at
FROM login_failures
WHERE account_hash = $1 AND network = $2;

-- Lock the row, made when there is none, and read it.
-- name: login_failure_lock
INSERT INTO login_failures (account_hash, network, failures, forget_at)
VALUES ($1, $2, 0, $3)
ON CONFLICT (account_hash, network) DO UPDATE SET failures = login_failures.failures
RETURNING failures, first_at, last_at, blocked_until, last_success_at, forget_at;

-- name: login_failure_set
UPDATE login_failures SET failures = $3, first_at = $4, last_at = $5,
	blocked_until = $6, last_success_at = $7, forget_at = $8
WHERE account_hash = $1 AND network = $2;

-- name: login_failure_sweep
DELETE FROM login_failures
WHERE forget_at <= $1 AND (account_hash, network) IN (
	SELECT account_hash, network FROM login_failures
	WHERE forget_at <= $1 ORDER BY forget_at LIMIT 500);
