-- What has another text than sql/pgsql/tenant.sql, which locks these rows: here a
-- transaction that writes is alone.

-- name: tenant_hold
SELECT 1 AS n
FROM tenants
WHERE id = :tenant_id AND is_active AND deleted_at IS NULL;

-- name: member_hold
SELECT u.id, u.user_status
FROM users u
WHERE u.id = :user_id AND (:scope_all OR EXISTS (SELECT 1 FROM tenant_users m
	WHERE m.tenant_id = :tenant_id AND (m.tenant_id = :scope_tenant OR :scope_all)
		AND m.user_id = u.id));

-- name: tenant_hold_defaults
SELECT id
FROM users
WHERE tenant_id = :tenant_id AND (tenant_id = :scope_tenant OR :scope_all)
ORDER BY id;

-- The tenants of a user, the personal one first, then the newest.
-- name: membership_list
-- row: Membership
SELECT {tenant t}, m.role, COALESCE(t.id = :current_id, FALSE) AS is_current,
	(SELECT json_group_array(a.provider) FROM (SELECT provider FROM provider_apps
		WHERE tenant_id = t.id ORDER BY provider) a) AS oauth_providers
FROM tenant_users m JOIN tenants t ON t.id = m.tenant_id
WHERE t.deleted_at IS NULL AND m.user_id = :scope_user
	AND (CAST(:slug AS TEXT) IS NULL OR t.slug = :slug)
ORDER BY t.kind, t.created_at DESC, t.id DESC
LIMIT 200;

-- name: membership_get
-- row: Membership
SELECT {tenant t}, m.role, COALESCE(t.id = :current_id, FALSE) AS is_current,
	(SELECT json_group_array(a.provider) FROM (SELECT provider FROM provider_apps
		WHERE tenant_id = t.id ORDER BY provider) a) AS oauth_providers
FROM tenant_users m JOIN tenants t ON t.id = m.tenant_id
WHERE t.id = :id AND t.deleted_at IS NULL AND m.user_id = :scope_user;
