-- API keys. The scope is in every WHERE (include/store/scope.h); only verifying looks
-- a key up by its public id.

-- columns: key = id, user_id, tenant_id, limit_id, rotated_from, name, description,
--	key_prefix, key_hash, tier, scopes, allowed_cidrs, metadata, rate_limit_requests,
--	rate_limit_period, limit_mode, granted_by, is_active, opens_rest, expires_at, revoked_at,
--	revoked_reason, last_used_at, created_at, updated_at
-- columns: found = id, user_id, tenant_id, name, description, key_prefix, tier, scopes,
--	rate_limit_requests, rate_limit_period, is_active, expires_at, revoked_at,
--	last_used_at, created_at

-- Lock the owner for the length of the transaction: the number of keys and the
-- owner's tier and status cannot change under it.
-- name: key_owner_lock
UPDATE users SET updated_at = updated_at
WHERE id = :user_id AND (id = :scope_user OR :scope_all)
RETURNING tier, user_status;

-- In a tenant that is active.
-- name: key_owner_role
SELECT m.role
FROM tenant_users m JOIN tenants t ON t.id = m.tenant_id
WHERE m.tenant_id = :tenant_id AND m.user_id = :user_id AND t.is_active AND t.deleted_at IS NULL;

-- Keys of one quota, as while one is replaced by another, count as one.
-- name: key_count_live
SELECT count(DISTINCT COALESCE(limit_id, id)) AS n FROM api_keys
WHERE user_id = :scope_user AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now);

-- name: key_insert
INSERT INTO api_keys ({key}) VALUES (:{key});

-- One that is there already stays as it is.
-- name: key_import
INSERT INTO api_keys ({key}) VALUES (:{key}) ON CONFLICT (key_prefix) DO NOTHING;

-- Their public ids begin with '#', which no other does.
-- name: key_imported_exist
SELECT CASE WHEN EXISTS (SELECT 1 FROM api_keys WHERE key_prefix >= '#' AND key_prefix < '$')
	THEN 1 ELSE 0 END AS n;

-- name: key_get
-- row: ApiKey
SELECT {key}
FROM api_keys
WHERE id = :id AND (user_id = :scope_user OR :scope_all)
	AND (COALESCE(tenant_id, user_id) = :scope_place OR :scope_places);

-- lower() of a text COLLATE "C" is of A to Z on both backends.
-- name: key_list
-- row: ApiKey
SELECT {key}
FROM api_keys
WHERE user_id = :scope_user
	AND (COALESCE(tenant_id, user_id) = :scope_place OR :scope_places)
	AND (created_at, id) < (:before_at, :before_id)
	AND COALESCE(:tier, tier) = tier
	AND :state IN ('all', CASE WHEN revoked_at IS NOT NULL THEN 'revoked'
		WHEN expires_at <= :now THEN 'expired' WHEN is_active THEN 'active' ELSE 'revoked' END)
	AND (CAST(:q AS TEXT) IS NULL
		OR replace(lower(name COLLATE "C"), lower(:q COLLATE "C"), '') <> lower(name COLLATE "C")
		OR replace(lower(description COLLATE "C"), lower(:q COLLATE "C"), '') <> lower(description COLLATE "C")
		OR replace(lower(key_prefix COLLATE "C"), lower(:q COLLATE "C"), '') <> lower(key_prefix COLLATE "C"))
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: key_search
-- row: KeyFound
SELECT {found k}, u.email AS user_email
FROM api_keys k JOIN users u ON u.id = k.user_id
WHERE :scope_all AND (k.created_at, k.id) < (:before_at, :before_id)
	AND COALESCE(:user_id, k.user_id) = k.user_id
	AND COALESCE(:tenant_id, k.tenant_id, k.user_id) = COALESCE(k.tenant_id, k.user_id)
	AND COALESCE(:tier, k.tier) = k.tier
	AND :state IN ('all', CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked'
		WHEN k.expires_at <= :now THEN 'expired' WHEN k.is_active THEN 'active' ELSE 'revoked' END)
	AND (CAST(:q AS TEXT) IS NULL
		OR replace(lower(k.name COLLATE "C"), lower(:q COLLATE "C"), '') <> lower(k.name COLLATE "C")
		OR replace(lower(k.description COLLATE "C"), lower(:q COLLATE "C"), '') <> lower(k.description COLLATE "C")
		OR replace(lower(k.key_prefix COLLATE "C"), lower(:q COLLATE "C"), '') <> lower(k.key_prefix COLLATE "C"))
ORDER BY k.created_at DESC, k.id DESC
LIMIT :limit;

-- Lock a key for the length of the transaction, and read it as it is then.
-- name: key_lock
-- row: ApiKey
UPDATE api_keys SET updated_at = updated_at
WHERE id = :id AND user_id = :scope_user
	AND (COALESCE(tenant_id, user_id) = :scope_place OR :scope_places)
RETURNING {key};

-- The columns that its owner may change, of the row that key_lock has read.
-- name: key_update
UPDATE api_keys SET name = :name, description = :description, scopes = :scopes,
	allowed_cidrs = :allowed_cidrs, metadata = :metadata, opens_rest = :opens_rest,
	expires_at = :expires_at, updated_at = :updated_at
WHERE id = :id AND user_id = :scope_user
	AND (COALESCE(tenant_id, user_id) = :scope_place OR :scope_places);

-- Keys that replace one and work: one, or none.
-- name: key_count_replacing
SELECT count(*) AS n FROM api_keys WHERE user_id = :scope_user AND rotated_from = :id
	AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
	AND (COALESCE(tenant_id, user_id) = :scope_place OR :scope_places);

-- The other keys that work and draw on its quota.
-- name: key_count_sharing
SELECT count(*) AS n FROM api_keys
WHERE user_id = :scope_user AND COALESCE(limit_id, id) = :limit_id AND id <> :id
	AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
	AND (COALESCE(tenant_id, user_id) = :scope_place OR :scope_places);

-- Both columns are set, or both are NULL.
-- name: key_limit
-- row: ApiKey
UPDATE api_keys SET rate_limit_requests = :requests, rate_limit_period = :period, updated_at = :now
WHERE id = :id AND :scope_all AND revoked_at IS NULL
RETURNING {key};

-- The other keys that draw on the quota of the one whose limit was set.
-- name: key_limit_shared
-- row: ApiKey
UPDATE api_keys SET rate_limit_requests = :requests, rate_limit_period = :period, updated_at = :now
WHERE user_id = :user_id AND COALESCE(limit_id, id) = :limit_id AND id <> :id AND :scope_all
	AND revoked_at IS NULL
RETURNING {key};

-- name: key_revoke
-- row: ApiKey
UPDATE api_keys SET revoked_at = :now, revoked_reason = :reason, is_active = FALSE, updated_at = :now
WHERE id = :id AND (user_id = :scope_user OR :scope_all) AND revoked_at IS NULL
	AND (COALESCE(tenant_id, user_id) = :scope_place OR :scope_places)
RETURNING {key};

-- name: key_expirable
SELECT count(*) AS n
FROM (SELECT 1 FROM api_keys WHERE is_active AND expires_at <= :now LIMIT 500) AS some_keys;

-- name: key_expire
UPDATE api_keys SET is_active = FALSE, updated_at = :now
WHERE is_active AND expires_at <= :now AND id IN (SELECT id FROM api_keys
	WHERE is_active AND expires_at <= :now ORDER BY expires_at LIMIT :limit);

-- place_*: as in session.sql.
-- name: key_by_prefix
-- row: ApiKey, Owner, Place
SELECT {key k}, {owner u as owner_},
	COALESCE(k.tenant_id, k.user_id) AS place_tenant_id,
	COALESCE(t.is_active AND t.deleted_at IS NULL,
		COALESCE(k.tenant_id, k.user_id) = k.user_id) AS place_is_active,
	CASE WHEN t.id IS NOT NULL THEN m.role
		WHEN COALESCE(k.tenant_id, k.user_id) = k.user_id THEN 'owner' END AS place_role,
	t.rate_limit_requests AS place_requests, t.rate_limit_period AS place_period,
	COALESCE(t.limit_mode, 'enforce') AS place_mode
FROM api_keys k JOIN users u ON u.id = k.user_id
	LEFT JOIN tenants t ON t.id = COALESCE(k.tenant_id, k.user_id)
	LEFT JOIN tenant_users m ON m.tenant_id = t.id AND m.user_id = k.user_id
WHERE k.key_prefix = :key_prefix;
