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

-- name: stats_connections
-- row: ConnectionStats
SELECT count(*) AS total,
	count(CASE WHEN state = 'ok' THEN 1 END) AS ok,
	count(CASE WHEN state = 'refreshing' THEN 1 END) AS refreshing,
	count(CASE WHEN state = 'uncertain' THEN 1 END) AS uncertain,
	count(CASE WHEN state = 'degraded' THEN 1 END) AS degraded,
	count(CASE WHEN state = 'reauth_required' THEN 1 END) AS reauth_required,
	count(CASE WHEN state = 'retired' THEN 1 END) AS retired,
	count(CASE WHEN state = 'unidentified' THEN 1 END) AS unidentified
FROM provider_connections
WHERE ended_at IS NULL AND :scope_all;

-- name: stats_tenants
SELECT count(*) AS n
FROM tenants
WHERE kind = 'team' AND deleted_at IS NULL AND :scope_all;
