-- API keys. The scope is in every WHERE (include/store/scope.h); only verifying
-- goes by the public id.

-- Lock the owner for the length of the transaction: the number of keys and the
-- owner's tier and status cannot change under it.
-- name: key_owner_lock
UPDATE users SET updated_at = updated_at
WHERE id = $1 AND (id = $2 OR $3)
RETURNING tier, user_status;

-- name: key_count_live
SELECT count(*) AS n FROM api_keys
WHERE user_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2);

-- name: key_insert
INSERT INTO api_keys (id, user_id, name, description, key_prefix, key_hash, tier,
	scopes, rate_limit_requests, rate_limit_period, is_active, expires_at,
	created_at, updated_at, granted_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, TRUE, $11, $12, $12, $13);

-- name: key_get
SELECT id, user_id, name, description, key_prefix, key_hash, tier, scopes,
	rate_limit_requests, rate_limit_period, granted_by, is_active, expires_at,
	revoked_at, last_used_at, created_at, updated_at
FROM api_keys
WHERE id = $1 AND (user_id = $2 OR $3);

-- name: key_list
SELECT id, user_id, name, description, key_prefix, key_hash, tier, scopes,
	rate_limit_requests, rate_limit_period, granted_by, is_active, expires_at,
	revoked_at, last_used_at, created_at, updated_at
FROM api_keys
WHERE user_id = $1 AND (created_at, id) < ($2, $3)
ORDER BY created_at DESC, id DESC
LIMIT $4;

-- Lock a key for the length of the transaction, and read it as it is then.
-- name: key_lock
UPDATE api_keys SET updated_at = updated_at WHERE id = $1 AND user_id = $2
RETURNING id, user_id, name, description, key_prefix, key_hash, tier, scopes,
	rate_limit_requests, rate_limit_period, granted_by, is_active, expires_at,
	revoked_at, last_used_at, created_at, updated_at;

-- A column changes when its flag ($3, $5, $7, $9) is 1.
-- name: key_update
UPDATE api_keys SET
	name = CASE WHEN CAST($3 AS BIGINT) = 1 THEN $4 ELSE name END,
	description = CASE WHEN CAST($5 AS BIGINT) = 1 THEN $6 ELSE description END,
	scopes = CASE WHEN CAST($7 AS BIGINT) = 1 THEN $8 ELSE scopes END,
	expires_at = CASE WHEN CAST($9 AS BIGINT) = 1 THEN $10 ELSE expires_at END,
	updated_at = $11
WHERE id = $1 AND user_id = $2;

-- Both columns are set, or both are NULL.
-- name: key_limit
UPDATE api_keys SET rate_limit_requests = $3, rate_limit_period = $4, updated_at = $5
WHERE id = $1 AND $2 AND revoked_at IS NULL;

-- name: key_revoke
UPDATE api_keys SET revoked_at = $4, is_active = FALSE, updated_at = $4
WHERE id = $1 AND (user_id = $2 OR $3) AND revoked_at IS NULL;

-- name: key_by_prefix
SELECT k.id, k.user_id, k.name, k.description, k.key_prefix, k.key_hash, k.tier,
	k.scopes, k.rate_limit_requests, k.rate_limit_period, k.granted_by, k.is_active,
	k.expires_at, k.revoked_at, k.last_used_at, k.created_at, k.updated_at,
	u.id AS owner_id, u.email AS owner_email, u.email_key AS owner_email_key,
	u.display_name AS owner_display_name, u.tier AS owner_tier,
	u.tenant_id AS owner_tenant_id, u.user_status AS owner_user_status,
	u.is_admin AS owner_is_admin, u.approved_by AS owner_approved_by,
	u.approved_at AS owner_approved_at, u.created_at AS owner_created_at,
	u.updated_at AS owner_updated_at, u.last_active AS owner_last_active
FROM api_keys k JOIN users u ON u.id = k.user_id
WHERE k.key_prefix = $1;
