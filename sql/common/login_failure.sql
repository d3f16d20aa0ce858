-- Login failures: one row for an account and a network, one for the account
-- and '*'. No moment is computed here; op/throttle.c decides over locked rows.

-- columns: failure = failures, first_at, last_at, blocked_until, last_success_at, forget_at

-- name: login_failure_find
-- row: LoginFailure
SELECT {failure}
FROM login_failures
WHERE account_hash = :account_hash AND network = :network;

-- Lock the row, made when there is none, and read it.
-- name: login_failure_lock
-- row: LoginFailure
INSERT INTO login_failures (account_hash, network, failures, forget_at)
VALUES (:account_hash, :network, 0, :forget_at)
ON CONFLICT (account_hash, network) DO UPDATE SET failures = login_failures.failures
RETURNING {failure};

-- name: login_failure_set
UPDATE login_failures SET failures = :failures, first_at = :first_at, last_at = :last_at,
	blocked_until = :blocked_until, last_success_at = :last_success_at, forget_at = :forget_at
WHERE account_hash = :account_hash AND network = :network;

-- name: login_failure_sweep
DELETE FROM login_failures
WHERE forget_at <= :now AND (account_hash, network) IN (
	SELECT account_hash, network FROM login_failures
	WHERE forget_at <= :now ORDER BY forget_at LIMIT 500);
