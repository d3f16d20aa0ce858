-- Sessions. The scope is in every WHERE (include/store/scope.h), or else a secret
-- (access_hash, family_hash) in its place.

-- columns: session = id, user_id, tenant_id, remote_addr, user_agent, created_at,
--	refreshed_at, access_expires_at, expires_at

-- Only for the account as it was verified: not suspended meanwhile, and the
-- password not changed.
-- name: session_owner_login
UPDATE users SET last_active = :now, password_hash = :hash_kept
WHERE id = :user_id AND user_status = 'active' AND password_hash = :hash_seen;

-- name: session_insert
INSERT INTO sessions ({session}, family_hash, access_hash, refresh_hash)
VALUES (:{session}, :family_hash, :access_hash, :refresh_hash);

-- place_*: the tenant it works in, NULL = the personal one of the user, and what the user
-- may there. Before that one is filled (store/fill.h) it has no row: the user owns it.

-- By the current access token or the one before it; the end is that of the token that
-- was presented.
-- name: session_by_access
-- row: SessionRef, Owner, Place
SELECT s.id,
	CASE WHEN s.access_hash = :access_hash THEN s.access_expires_at
		ELSE s.previous_access_expires_at END AS access_expires_at,
	s.expires_at, {owner u as owner_},
	COALESCE(s.tenant_id, s.user_id) AS place_tenant_id,
	COALESCE(t.is_active AND t.deleted_at IS NULL,
		COALESCE(s.tenant_id, s.user_id) = s.user_id) AS place_is_active,
	CASE WHEN t.id IS NOT NULL THEN m.role
		WHEN COALESCE(s.tenant_id, s.user_id) = s.user_id THEN 'owner' END AS place_role,
	t.rate_limit_requests AS place_requests, t.rate_limit_period AS place_period,
	COALESCE(t.limit_mode, 'enforce') AS place_mode
FROM sessions s JOIN users u ON u.id = s.user_id
	LEFT JOIN tenants t ON t.id = COALESCE(s.tenant_id, s.user_id)
	LEFT JOIN tenant_users m ON m.tenant_id = t.id AND m.user_id = s.user_id
WHERE s.access_hash = :access_hash OR s.previous_access_hash = :access_hash;

-- name: session_by_family
-- row: SessionRef, Owner, Place
SELECT s.id, s.access_expires_at, s.expires_at, {owner u as owner_},
	COALESCE(s.tenant_id, s.user_id) AS place_tenant_id,
	COALESCE(t.is_active AND t.deleted_at IS NULL,
		COALESCE(s.tenant_id, s.user_id) = s.user_id) AS place_is_active,
	CASE WHEN t.id IS NOT NULL THEN m.role
		WHEN COALESCE(s.tenant_id, s.user_id) = s.user_id THEN 'owner' END AS place_role,
	t.rate_limit_requests AS place_requests, t.rate_limit_period AS place_period,
	COALESCE(t.limit_mode, 'enforce') AS place_mode
FROM sessions s JOIN users u ON u.id = s.user_id
	LEFT JOIN tenants t ON t.id = COALESCE(s.tenant_id, s.user_id)
	LEFT JOIN tenant_users m ON m.tenant_id = t.id AND m.user_id = s.user_id
WHERE s.id = :id AND s.family_hash = :family_hash;

-- Holds the membership until the transaction ends: a removal waits for it, and then
-- ends this session too.
-- name: session_place
UPDATE tenant_users SET role = role
WHERE tenant_id = :tenant_id AND user_id = :scope_user
RETURNING role;

-- Into another tenant, with tokens that have nothing to do with those from before.
-- name: session_switch
UPDATE sessions SET tenant_id = :tenant_id, family_hash = :family_hash,
	access_hash = :access_hash, access_expires_at = :access_expires_at,
	refresh_hash = :refresh_hash, previous_hash = NULL, rotated_at = NULL,
	previous_access_hash = NULL, previous_access_expires_at = NULL, pair_seed = NULL,
	refreshed_at = :now, expires_at = :expires_at
WHERE id = :id AND user_id = :scope_user;

-- Only when the presented token is the current one. The access token of the same pair
-- ends at :previous_until, or at its own end if that is sooner.
-- name: session_rotate
UPDATE sessions SET previous_hash = refresh_hash, rotated_at = :now, refresh_hash = :refresh_hash,
	previous_access_hash = access_hash,
	previous_access_expires_at = CASE WHEN access_expires_at < :previous_until
		THEN access_expires_at ELSE :previous_until END,
	access_hash = :access_hash, access_expires_at = :access_expires_at,
	refreshed_at = :now, expires_at = :expires_at, pair_seed = :seed
WHERE id = :id AND family_hash = :family_hash AND refresh_hash = :presented_hash AND expires_at > :now
	AND EXISTS (SELECT 1 FROM users u
		WHERE u.id = sessions.user_id AND u.user_status = 'active');

-- The current pair, when the presented token is the one that was spent last, not before
-- :spent_since, and its successor is unused.
-- name: session_given
-- row: SessionGiven
SELECT pair_seed, access_hash, refresh_hash, access_expires_at
FROM sessions
WHERE id = :id AND family_hash = :family_hash AND previous_hash = :presented_hash AND expires_at > :now
	AND rotated_at >= :spent_since
	AND EXISTS (SELECT 1 FROM users u
		WHERE u.id = sessions.user_id AND u.user_status = 'active');

-- The presented token is of this session, and neither the current nor the last spent one.
-- name: session_delete_reused
DELETE FROM sessions
WHERE id = :id AND family_hash = :family_hash AND refresh_hash <> :presented_hash;

-- name: session_list
-- row: Session
SELECT {session}, COALESCE(id = :current_id, FALSE) AS is_current
FROM sessions
WHERE user_id = :scope_user AND expires_at > :now
ORDER BY created_at DESC, id DESC
LIMIT 200;

-- The previous tokens, which are good for a moment more, end; the current ones do not.
-- name: session_end_previous
UPDATE sessions SET previous_access_hash = NULL, previous_access_expires_at = NULL,
	pair_seed = NULL
WHERE id = :id AND user_id = :scope_user;

-- name: session_delete
DELETE FROM sessions WHERE id = :id AND user_id = :scope_user;

-- Is there anything to sweep, sessions or login failures?
-- name: session_sweepable
SELECT CASE WHEN EXISTS (SELECT 1 FROM sessions WHERE expires_at <= :now)
	OR EXISTS (SELECT 1 FROM login_failures WHERE forget_at <= :now)
	THEN 1 ELSE 0 END AS n;

-- name: session_sweep
DELETE FROM sessions
WHERE expires_at <= :now AND id IN (SELECT id FROM sessions
	WHERE expires_at <= :now ORDER BY expires_at LIMIT 500);
