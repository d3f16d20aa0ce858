-- Admin tokens, their calls, and keys that administrators made. They belong to the
-- service: :scope_all is an administrator's. Only a token itself is found by its hash.

-- columns: admin_token = id, service_name, service_description, token_hash, token_prefix,
--	permissions, is_super_admin, created_by, expires_at, revoked_at, rotated_to,
--	last_used_at, last_used_ip, usage_count, created_at, updated_at

-- name: admin_token_insert
INSERT INTO admin_tokens ({admin_token}) VALUES (:{admin_token});

-- name: admin_token_by_hash
-- row: AdminToken
SELECT {admin_token}, revoked_at IS NULL AS is_active
FROM admin_tokens
WHERE token_hash = :token_hash;

-- name: admin_token_get
-- row: AdminToken
SELECT {admin_token}, (revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)) AS is_active
FROM admin_tokens
WHERE id = :id AND :scope_all;

-- name: admin_token_list
-- row: AdminToken
SELECT {admin_token}, (revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)) AS is_active
FROM admin_tokens
WHERE :scope_all AND (created_at, id) < (:before_at, :before_id)
	AND (:include_inactive OR (revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)))
	AND (:any_prefix OR token_prefix = :prefix)
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: admin_token_revoke
UPDATE admin_tokens SET revoked_at = :now, updated_at = :now
WHERE id = :id AND revoked_at IS NULL AND :scope_all;

-- It is live, and no other replaces it. It ends at :until, or by itself before.
-- name: admin_token_replace
UPDATE admin_tokens SET rotated_to = :rotated_to, updated_at = :now,
	revoked_at = CASE WHEN :at_once THEN :now ELSE revoked_at END,
	expires_at = CASE WHEN :at_once OR expires_at < :until THEN expires_at ELSE :until END
WHERE id = :id AND revoked_at IS NULL AND rotated_to IS NULL
	AND (expires_at IS NULL OR expires_at > :now) AND :scope_all;

-- Of a token that is live.
-- name: admin_token_used
UPDATE admin_tokens SET last_used_at = :now, last_used_ip = :ip_address, usage_count = usage_count + 1
WHERE id = :token_id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now);

-- columns: token_use = id, token_id, timestamp, action, target_resource, ip_address,
--	user_agent, success, status_code, response_time_ms, request_id

-- Again, after the answer to a COMMIT was lost, it is there.
-- name: token_use_insert
INSERT INTO admin_token_usage ({token_use}) VALUES (:{token_use})
ON CONFLICT (id) DO NOTHING;

-- What the caller was told after it was written.
-- name: token_use_outcome
UPDATE admin_token_usage
SET success = :success, status_code = :status_code, response_time_ms = :response_time_ms
WHERE id = :id;

-- name: token_use_list
-- row: TokenUse
SELECT {token_use}
FROM admin_token_usage
WHERE token_id = :token_id AND :scope_all AND timestamp >= :from AND timestamp < :to
	AND (timestamp, id) < (:before_at, :before_id)
ORDER BY timestamp DESC, id DESC
LIMIT :limit;

-- Is there anything to sweep? The index is by token, and tokens are few.
-- name: token_use_old
SELECT count(*) AS n
FROM (SELECT u.id FROM admin_tokens t JOIN admin_token_usage u ON u.token_id = t.id
	WHERE u.timestamp <= :before LIMIT 1) o;

-- name: token_use_sweep
DELETE FROM admin_token_usage
WHERE timestamp <= :before AND id IN (SELECT u.id
	FROM admin_tokens t JOIN admin_token_usage u ON u.token_id = t.id
	WHERE u.timestamp <= :before LIMIT 500);

-- columns: provisioned = id, token_id, admin_user_id, api_key_id, user_email,
--	requested_tier, provisioned_by_service, rate_limit_requests, rate_limit_period, created_at

-- name: provisioned_insert
INSERT INTO admin_provisioned_keys ({provisioned}) VALUES (:{provisioned});

-- Of a key that replaces another one, where that has a row; its id is the key's.
-- name: provisioned_rotate
INSERT INTO admin_provisioned_keys ({provisioned})
SELECT :new_id, p.token_id, p.admin_user_id, :new_id, p.user_email, p.requested_tier,
	p.provisioned_by_service, p.rate_limit_requests, p.rate_limit_period, :now
FROM admin_provisioned_keys p
WHERE p.api_key_id = :id;

-- name: provisioned_list
-- row: ProvisionedKeyRow
SELECT {provisioned p}, k.revoked_at, k.revoked_reason,
	CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked' WHEN k.expires_at <= :now THEN 'expired'
		WHEN k.is_active THEN 'active' ELSE 'revoked' END AS key_status
FROM admin_provisioned_keys p JOIN api_keys k ON k.id = p.api_key_id
WHERE :scope_all AND (p.created_at, p.id) < (:before_at, :before_id)
	AND p.created_at >= :from AND p.created_at < :to
	AND (:any_token OR p.token_id = :token_id)
ORDER BY p.created_at DESC, p.id DESC
LIMIT :limit;
