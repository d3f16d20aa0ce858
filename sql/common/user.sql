-- Users: accounts, their status, their passwords. Each is its own owner: the
-- scope (include/store/scope.h) is one of ids.

-- name: user_by_id
SELECT id, email, email_key, display_name, password_hash, tier, tenant_id,
	user_status, is_admin, approved_by, approved_at, created_at, updated_at,
	last_active
FROM users
WHERE id = $1 AND (id = $2 OR $3);

-- name: user_by_email
SELECT id, email, email_key, display_name, password_hash, tier, tenant_id,
	user_status, is_admin, approved_by, approved_at, created_at, updated_at,
	last_active
FROM users
WHERE email_key = $1;

-- name: user_list
SELECT id, email, email_key, display_name, password_hash, tier, tenant_id,
	user_status, is_admin, approved_by, approved_at, created_at, updated_at,
	last_active
FROM users
WHERE $1 AND (created_at, id) < ($2, $3)
ORDER BY created_at DESC, id DESC
LIMIT $4;

-- name: user_list_by_status
SELECT id, email, email_key, display_name, password_hash, tier, tenant_id,
	user_status, is_admin, approved_by, approved_at, created_at, updated_at,
	last_active
FROM users
WHERE $1 AND user_status = $5 AND (created_at, id) < ($2, $3)
ORDER BY created_at DESC, id DESC
LIMIT $4;

-- Addresses that have one canonical form, beside each other.
-- name: user_collisions
SELECT id, COALESCE(email_key_shared, email_key) AS canonical_email, email, user_status,
	created_at, last_active
FROM users
WHERE $1 AND (email_key_shared IS NOT NULL OR email_key IN
	(SELECT email_key_shared FROM users WHERE email_key_shared IS NOT NULL))
ORDER BY canonical_email, created_at, id;

-- name: user_count_shared
SELECT count(*)
FROM users
WHERE email_key_shared = $1;

-- name: user_insert
INSERT INTO users (id, email, email_key, display_name, password_hash, tier,
	tenant_id, user_status, is_admin, approved_by, approved_at, created_at,
	updated_at, last_active)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: user_touch
UPDATE users
SET updated_at = $3
WHERE id = $1 AND $2;

-- name: user_approve
UPDATE users
SET user_status = 'active', approved_by = $3, approved_at = $4, updated_at = $4
WHERE id = $1 AND $2 AND user_status <> 'active';

-- name: user_suspend
UPDATE users
SET user_status = 'suspended', approved_by = NULL, approved_at = NULL,
	updated_at = $3
WHERE id = $1 AND $2;

-- name: user_set_tenant
UPDATE users
SET tenant_id = $3, updated_at = $4
WHERE id = $1 AND $2;

-- name: user_set_password
UPDATE users
SET password_hash = $3, updated_at = $4
WHERE id = $1 AND $2;

-- One's own, and only over the one that was verified.
-- name: user_replace_password
UPDATE users
SET password_hash = $2, updated_at = $3
WHERE id = $1 AND password_hash = $4;

-- name: user_end_sessions
DELETE FROM sessions
WHERE user_id = $1 AND (user_id = $2 OR $3);

-- name: user_end_other_sessions
DELETE FROM sessions
WHERE user_id = $1 AND id <> $2;

-- name: admin_count
SELECT count(*)
FROM users
WHERE is_admin AND user_status = 'active';

-- name: admin_count_others
SELECT count(*)
FROM users
WHERE is_admin AND user_status = 'active' AND id <> $1;

-- Both of migration 0008.
-- name: user_set_shared
UPDATE users
SET email_key_shared = $2
WHERE id = $1 AND email_key <> $2;

-- name: user_take_shared
UPDATE users
SET email_key = email_key_shared, email_key_shared = NULL
WHERE email_key_shared IS NOT NULL
	AND NOT EXISTS (SELECT 1 FROM users o WHERE o.email_key = users.email_key_shared)
	AND NOT EXISTS (SELECT 1 FROM users o
		WHERE o.email_key_shared = users.email_key_shared AND o.id <> users.id);
