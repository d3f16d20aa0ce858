-- How much there is of everything: for administrators alone.

-- name: stats_users
-- row: UserStats
SELECT count(*) AS total,
	count(CASE WHEN user_status = 'pending' THEN 1 END) AS pending,
	count(CASE WHEN user_status = 'active' THEN 1 END) AS active,
	count(CASE WHEN user_status = 'suspended' THEN 1 END) AS suspended
FROM users
WHERE :scope_all;

-- name: stats_keys
-- row: KeyStats
SELECT count(*) AS total,
	count(CASE WHEN is_active AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
		THEN 1 END) AS active,
	count(CASE WHEN revoked_at IS NULL AND expires_at <= :now THEN 1 END) AS expired,
	count(revoked_at) AS revoked
FROM api_keys
WHERE :scope_all;

-- name: stats_tenants
SELECT count(*) AS n
FROM tenants
WHERE kind = 'team' AND deleted_at IS NULL AND :scope_all;
