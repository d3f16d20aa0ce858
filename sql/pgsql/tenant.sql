-- Locks of rows, which SQLite has none of: there one transaction writes at a time. The
-- order is users by id, then tenants by id, then the rest.

-- The tenant stays as it is until the transaction ends, if it can be worked in: what
-- suspends or deletes it waits, and ends what was born here meanwhile.
-- name: tenant_hold
SELECT 1 AS n
FROM tenants
WHERE id = :tenant_id AND is_active AND deleted_at IS NULL
FOR SHARE;

-- The user whom a change of a tenant is about.
-- name: member_hold
SELECT u.id, u.user_status
FROM users u
WHERE u.id = :user_id AND (:scope_all OR EXISTS (SELECT 1 FROM tenant_users m
	WHERE m.tenant_id = :tenant_id AND (m.tenant_id = :scope_tenant OR :scope_all)
		AND m.user_id = u.id))
FOR NO KEY UPDATE OF u;

-- Whose next login would be in it.
-- name: tenant_hold_defaults
SELECT id
FROM users
WHERE tenant_id = :tenant_id AND (tenant_id = :scope_tenant OR :scope_all)
ORDER BY id
FOR NO KEY UPDATE;

-- The tenants of a user, the personal one first, then the newest.
-- name: membership_list
-- row: Membership
SELECT {tenant t}, m.role, COALESCE(t.id = :current_id, FALSE) AS is_current,
	COALESCE((SELECT array_agg(a.provider ORDER BY a.provider) FROM provider_apps a
		WHERE a.tenant_id = t.id), '{}') AS oauth_providers
FROM tenant_users m JOIN tenants t ON t.id = m.tenant_id
WHERE t.deleted_at IS NULL AND m.user_id = :scope_user
	AND (CAST(:slug AS TEXT) IS NULL OR t.slug = :slug)
ORDER BY t.kind, t.created_at DESC, t.id DESC
LIMIT 200;

-- name: membership_get
-- row: Membership
SELECT {tenant t}, m.role, COALESCE(t.id = :current_id, FALSE) AS is_current,
	COALESCE((SELECT array_agg(a.provider ORDER BY a.provider) FROM provider_apps a
		WHERE a.tenant_id = t.id), '{}') AS oauth_providers
FROM tenant_users m JOIN tenants t ON t.id = m.tenant_id
WHERE t.id = :id AND t.deleted_at IS NULL AND m.user_id = :scope_user;
