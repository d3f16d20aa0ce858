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
