-- Ways to a new password. The token stands in for the scope: it is found by its hash.

-- columns: password_reset = id, user_id, token_hash, created_by, expires_at, created_at

-- Is there anything to sweep?
-- name: password_reset_old
SELECT count(*) AS n
FROM (SELECT id FROM password_resets WHERE expires_at <= :before LIMIT 1) r;

-- name: password_reset_sweep
DELETE FROM password_resets
WHERE expires_at <= :before AND id IN (SELECT id FROM password_resets
	WHERE expires_at <= :before LIMIT 500);

-- name: password_reset_insert
INSERT INTO password_resets ({password_reset}) VALUES (:{password_reset});

-- name: password_reset_by_hash
-- row: PasswordReset
SELECT {password_reset}
FROM password_resets
WHERE token_hash = :token_hash;

-- Of several at once one finds it.
-- name: password_reset_spend
DELETE FROM password_resets
WHERE token_hash = :token_hash AND expires_at > :now;

-- Of the user whose token was spent: the password, and what else there is.
-- name: password_reset_password
UPDATE users SET password_hash = :new_hash, updated_at = :now
WHERE id = :user_id;

-- Also of one whose password, role or status the same transaction has changed.
-- name: password_reset_others
DELETE FROM password_resets
WHERE user_id = :user_id;

-- name: password_reset_sessions
DELETE FROM sessions
WHERE user_id = :user_id;
