-- Sessions. The scope is in every WHERE (include/store/scope.h); only a secret
-- (access_hash, family_hash) stands in for it.

-- Only for the account as it was verified: not suspended meanwhile, and the
-- password not changed.
-- name: session_owner_login
UPDATE users SET last_active = $2, password_hash = $3
WHERE id = $1 AND user_status = 'active' AND password_hash = $4;

-- name: session_insert
INSERT INTO sessions (id, user_id, tenant_id, family_hash, access_hash,
	access_expires_at, refresh_hash, created_at, refreshed_at, expires_at,
	remote_addr, user_agent)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11);

-- By the access token that is good now or the one before it: the end is that of
-- the one that was asked for.
-- name: session_by_access
SELECT s.id, COALESCE(s.tenant_id, u.tenant_id) AS tenant_id,
	CASE WHEN s.access_hash = $1 THEN s.access_expires_at
		ELSE s.previous_access_expires_at END AS access_expires_at,
	s.expires_at,
	u.id AS owner_id, u.email AS owner_email, u.email_key AS owner_email_key,
	u.display_name AS owner_display_name, u.tier AS owner_tier,
	u.tenant_id AS owner_tenant_id, u.user_status AS owner_user_status,
	u.is_admin AS owner_is_admin, u.approved_by AS owner_approved_by,
	u.approved_at AS owner_approved_at, u.created_at AS owner_created_at,
	u.updated_at AS owner_updated_at, u.last_active AS owner_last_active
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.access_hash = $1 OR s.previous_access_hash = $1;

-- name: session_by_family
SELECT s.id, COALESCE(s.tenant_id, u.tenant_id) AS tenant_id, s.access_expires_at,
	s.expires_at,
	u.id AS owner_id, u.email AS owner_email, u.email_key AS owner_email_key,
	u.display_name AS owner_display_name, u.tier AS owner_tier,
	u.tenant_id AS owner_tenant_id, u.user_status AS owner_user_status,
	u.is_admin AS owner_is_admin, u.approved_by AS owner_approved_by,
	u.approved_at AS owner_approved_at, u.created_at AS owner_created_at,
	u.updated_at AS owner_updated_at, u.last_active AS owner_last_active
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $1 AND s.family_hash = $2;

-- The token presented ($3) is the one that is good now. The access token that it
-- came with ends at $10, or by itself before.
-- name: session_rotate
UPDATE sessions SET previous_hash = refresh_hash, rotated_at = $4, refresh_hash = $5,
	previous_access_hash = access_hash,
	previous_access_expires_at = CASE WHEN access_expires_at < $10
		THEN access_expires_at ELSE $10 END,
	access_hash = $6, access_expires_at = $7, refreshed_at = $4, expires_at = $8,
	pair_seed = $9
WHERE id = $1 AND family_hash = $2 AND refresh_hash = $3 AND expires_at > $4
	AND EXISTS (SELECT 1 FROM users u
		WHERE u.id = sessions.user_id AND u.user_status = 'active');

-- It is the one spent last, not before $5, and its successor is unused: what is
-- good now.
-- name: session_given
SELECT pair_seed, access_hash, refresh_hash, access_expires_at
FROM sessions
WHERE id = $1 AND family_hash = $2 AND previous_hash = $3 AND expires_at > $4
	AND rotated_at >= $5
	AND EXISTS (SELECT 1 FROM users u
		WHERE u.id = sessions.user_id AND u.user_status = 'active');

-- It is of this session, and neither of the two.
-- name: session_delete_reused
DELETE FROM sessions
WHERE id = $1 AND family_hash = $2 AND refresh_hash <> $3;

-- name: session_list
SELECT id, user_id, tenant_id, remote_addr, user_agent, created_at, refreshed_at,
	access_expires_at, expires_at, COALESCE(id = $2, FALSE) AS is_current
FROM sessions
WHERE user_id = $1 AND expires_at > $3
ORDER BY created_at DESC, id DESC
LIMIT 200;

-- What was good before and still is for a moment ends; the tokens that are good
-- now do not.
-- name: session_end_previous
UPDATE sessions SET previous_access_hash = NULL, previous_access_expires_at = NULL,
	pair_seed = NULL
WHERE id = $1 AND user_id = $2;

-- name: session_delete
DELETE FROM sessions WHERE id = $1 AND user_id = $2;

-- Is there anything to sweep, sessions or login failures?
-- name: session_sweepable
SELECT CASE WHEN EXISTS (SELECT 1 FROM sessions WHERE expires_at <= $1)
	OR EXISTS (SELECT 1 FROM login_failures WHERE forget_at <= $1)
	THEN 1 ELSE 0 END AS n;

-- name: session_sweep
DELETE FROM sessions
WHERE expires_at <= $1 AND id IN (SELECT id FROM sessions
	WHERE expires_at <= $1 ORDER BY expires_at LIMIT 500);
