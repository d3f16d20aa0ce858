-- Tenants. What changes one, its members, its invitations or its state locks its row
-- (tenant_lock): without it two owners leave at once, and none is left. What works in
-- one holds it (tenant_hold in sql/pgsql).

-- is_active is a suspension's: a deletion leaves it as it is, for a restoration.
-- columns: tenant = id, name, slug, domain, plan, kind, is_active, rate_limit_requests,
--	rate_limit_period, limit_mode, deleted_at, version, created_at, updated_at

-- name: tenant_insert
INSERT INTO tenants ({tenant}) VALUES (:{tenant});

-- Teams that the user owns and that are not deleted.
-- name: tenant_count_owned
SELECT count(*) AS n
FROM tenant_users m JOIN tenants t ON t.id = m.tenant_id
WHERE m.user_id = :scope_user AND m.role = 'owner' AND t.kind = 'team' AND t.deleted_at IS NULL;

-- name: tenant_get
-- row: Tenant
SELECT {tenant}
FROM tenants
WHERE id = :id AND (id = :scope_tenant OR :scope_all);

-- name: tenant_by_slug
-- row: Tenant
SELECT {tenant}
FROM tenants
WHERE slug = :slug AND :scope_all;

-- name: tenant_list
-- row: Tenant
SELECT {tenant}
FROM tenants
WHERE :scope_all AND (:any_active OR (is_active AND deleted_at IS NULL) = :active)
	AND (CAST(:plan AS TEXT) IS NULL OR plan = :plan)
	AND (CAST(:q AS TEXT) IS NULL OR replace(slug, lower(:q COLLATE "C"), '') <> slug
		OR replace(lower(name COLLATE "C"), lower(:q COLLATE "C"), '') <> lower(name COLLATE "C"))
	AND (created_at, id) < (:before_at, :before_id)
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- The lock, until the transaction ends, and the row as it is then. Its version stays: what
-- is changed may be its members alone, or who has it as his default.
-- name: tenant_lock
-- row: Tenant
UPDATE tenants SET version = version
WHERE id = :id AND (id = :scope_tenant OR :scope_all)
RETURNING {tenant};

-- What is shown with it has changed.
-- name: tenant_touch
UPDATE tenants SET version = version + 1, updated_at = :now
WHERE id = :id AND (id = :scope_tenant OR :scope_all);

-- Of the row that was locked.
-- name: tenant_update
UPDATE tenants SET name = :name, slug = :slug, domain = :domain, plan = :plan,
	is_active = :is_active, rate_limit_requests = :rate_limit_requests,
	rate_limit_period = :rate_limit_period, limit_mode = :limit_mode, deleted_at = :deleted_at,
	version = :version, updated_at = :updated_at
WHERE id = :id AND (id = :scope_tenant OR :scope_all);

-- name: tenant_end_sessions
DELETE FROM sessions
WHERE (tenant_id = :scope_tenant OR :scope_all)
	AND (tenant_id = :tenant_id OR (tenant_id IS NULL AND user_id = :tenant_id));

-- name: tenant_revoke_keys
UPDATE api_keys SET revoked_at = :now, is_active = FALSE, revoked_reason = :reason, updated_at = :now
WHERE tenant_id = :tenant_id AND (tenant_id = :scope_tenant OR :scope_all) AND revoked_at IS NULL;

-- Whose next login would have been in it: NULL is the personal one.
-- name: tenant_leave_all
UPDATE users SET tenant_id = NULL, updated_at = :now
WHERE tenant_id = :tenant_id AND (tenant_id = :scope_tenant OR :scope_all);

-- --- a user's first tenant --------------------------------------------------------

-- The teams that a user owns, in the order in which they are locked.
-- name: tenant_owned
-- row: Tenant
SELECT {tenant t}
FROM tenant_users m JOIN tenants t ON t.id = m.tenant_id
WHERE m.user_id = :user_id AND (m.user_id = :scope_user OR :scope_all) AND m.role = 'owner'
	AND t.kind = 'team' AND t.deleted_at IS NULL
ORDER BY t.id;

-- The tenant of the next login, when it can be worked in; no row = the personal one.
-- name: tenant_of_login
SELECT t.id
FROM users u JOIN tenant_users m ON m.user_id = u.id AND m.tenant_id = u.tenant_id
	JOIN tenants t ON t.id = m.tenant_id
WHERE u.id = :user_id AND t.is_active AND t.deleted_at IS NULL;

-- --- removal, 30 days after it was deleted -------------------------------------------

-- name: tenant_removable
SELECT id
FROM tenants
WHERE deleted_at <= :before
ORDER BY deleted_at LIMIT 1;

-- Held, and not restored meanwhile.
-- name: tenant_remove_lock
UPDATE tenants SET version = version
WHERE id = :tenant_id AND deleted_at <= :before;

-- name: tenant_remove_keys
DELETE FROM api_keys
WHERE id IN (SELECT id FROM api_keys WHERE tenant_id = :tenant_id LIMIT 500);

-- name: tenant_remove_members
DELETE FROM tenant_users
WHERE tenant_id = :tenant_id AND user_id IN
	(SELECT user_id FROM tenant_users WHERE tenant_id = :tenant_id LIMIT 500);

-- name: tenant_remove_data_keys
DELETE FROM key_versions
WHERE tenant_id = :tenant_id;

-- The one that tenant_remove_lock holds.
-- name: tenant_remove
DELETE FROM tenants
WHERE id = :tenant_id;
