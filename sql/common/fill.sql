-- What a migration leaves to be filled: each statement touches at most 500 rows, and
-- may be run again at any time (include/store/fill.h).

-- Where a page of 500 ends, users first, then keys; no row = there is none.
-- name: fill_user_page
SELECT id
FROM (SELECT id FROM users WHERE id > :after ORDER BY id LIMIT 500) p
ORDER BY id DESC LIMIT 1;

-- name: fill_key_page
SELECT id
FROM (SELECT id FROM api_keys WHERE id > :after ORDER BY id LIMIT 500) p
ORDER BY id DESC LIMIT 1;

-- Is anything of it to be done?
-- name: fill_users_missing
SELECT CASE WHEN EXISTS (SELECT 1
	FROM users u
	WHERE u.id >= :first AND u.id <= :last AND u.user_status <> 'pending'
		AND NOT EXISTS (SELECT 1 FROM tenant_users m WHERE m.tenant_id = u.id AND m.user_id = u.id))
	THEN 1 ELSE 0 END AS n;

-- name: fill_keys_missing
SELECT CASE WHEN EXISTS (SELECT 1
	FROM api_keys k
	WHERE k.id >= :first AND k.id <= :last AND k.tenant_id IS NULL
		AND EXISTS (SELECT 1 FROM tenants t WHERE t.id = k.user_id AND t.kind = 'personal'))
	THEN 1 ELSE 0 END AS n;

-- name: fill_roles_missing
SELECT CASE WHEN EXISTS (SELECT 1 FROM users WHERE is_admin AND role = 'user') THEN 1 ELSE 0 END AS n;

-- name: fill_tenants
INSERT INTO tenants (id, name, slug, plan, is_active, kind, created_at, updated_at)
SELECT u.id, 'Personal', 'personal-' || CAST(u.id AS TEXT), u.tier, TRUE, 'personal',
	u.created_at, u.created_at
FROM users u
WHERE u.id >= :first AND u.id <= :last AND u.user_status <> 'pending'
	AND NOT EXISTS (SELECT 1 FROM tenants t WHERE t.id = u.id)
ON CONFLICT DO NOTHING;

-- name: fill_owners
INSERT INTO tenant_users (tenant_id, user_id, role, joined_at)
SELECT t.id, t.id, 'owner', t.created_at
FROM tenants t
WHERE t.kind = 'personal' AND t.id >= :first AND t.id <= :last
	AND NOT EXISTS (SELECT 1 FROM tenant_users m WHERE m.tenant_id = t.id AND m.user_id = t.id)
ON CONFLICT DO NOTHING;

-- name: fill_keys
UPDATE api_keys
SET tenant_id = user_id
WHERE id >= :first AND id <= :last AND tenant_id IS NULL
	AND EXISTS (SELECT 1 FROM tenants t WHERE t.id = api_keys.user_id AND t.kind = 'personal');

-- name: fill_roles
UPDATE users
SET role = 'super_admin'
WHERE id IN (SELECT id FROM users WHERE is_admin AND role = 'user' ORDER BY id LIMIT 500);
