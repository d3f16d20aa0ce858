-- Users: accounts, their status, their passwords. Each is its own owner: the
-- scope (include/store/scope.h) is one of ids.

-- columns: user = id, email, email_key, display_name, tier, tenant_id, user_status,
--	role, is_admin, approved_by, approved_at, created_at, updated_at, last_active
-- what is kept with a credential
-- columns: owner = id, email, display_name, tier, user_status, role, is_admin

-- name: user_by_id
-- row: User
SELECT {user}, password_hash
FROM users
WHERE id = :id AND (id = :scope_user OR :scope_all);

-- name: user_by_email
-- row: User
SELECT {user}, password_hash
FROM users
WHERE email_key = :email_key;

-- name: user_list
-- row: User
SELECT {user}, password_hash
FROM users
WHERE :scope_all AND (created_at, id) < (:before_at, :before_id)
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: user_list_by_status
-- row: User
SELECT {user}, password_hash
FROM users
WHERE :scope_all AND user_status = :status AND (created_at, id) < (:before_at, :before_id)
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- Addresses that have one canonical form, beside each other.
-- name: user_collisions
-- row: UserCollision
SELECT id, COALESCE(email_key_shared, email_key) AS canonical_email, email, user_status,
	created_at, last_active
FROM users
WHERE :scope_all AND (email_key_shared IS NOT NULL OR email_key IN
	(SELECT email_key_shared FROM users WHERE email_key_shared IS NOT NULL))
ORDER BY canonical_email, created_at, id;

-- name: user_count_shared
SELECT count(*)
FROM users
WHERE email_key_shared = :email_key;

-- name: user_insert
INSERT INTO users ({user}, password_hash) VALUES (:{user}, :password_hash);

-- name: user_touch
-- row: User
UPDATE users
SET updated_at = :now
WHERE id = :id AND :scope_all
RETURNING {user}, password_hash;

-- name: user_approve
-- row: User
UPDATE users
SET user_status = 'active', approved_by = :approved_by, approved_at = :now, updated_at = :now
WHERE id = :id AND :scope_all AND user_status <> 'active'
RETURNING {user}, password_hash;

-- What an administrator may change, of the row that user_touch has read.
-- name: user_update
UPDATE users
SET user_status = :user_status, approved_by = :approved_by, approved_at = :approved_at,
	tier = :tier, tenant_id = :tenant_id, role = :role, is_admin = :is_admin,
	updated_at = :updated_at
WHERE id = :id AND :scope_all;

-- One's own.
-- name: user_rename
UPDATE users
SET display_name = :display_name, updated_at = :now
WHERE id = :id AND id = :scope_user;

-- name: user_set_tenant
UPDATE users
SET tenant_id = :tenant_id, updated_at = :now
WHERE id = :id AND :scope_all;

-- name: user_set_password
UPDATE users
SET password_hash = :new_hash, updated_at = :now
WHERE id = :id AND :scope_all;

-- Of the user of the scope, and only over the password that was verified.
-- name: user_replace_password
UPDATE users
SET password_hash = :new_hash, updated_at = :now
WHERE id = :scope_user AND password_hash = :old_hash;

-- name: user_end_sessions
DELETE FROM sessions
WHERE user_id = :user_id AND (user_id = :scope_user OR :scope_all);

-- name: user_end_other_sessions
DELETE FROM sessions
WHERE user_id = :scope_user AND id <> :keep_session;

-- name: admin_count
SELECT count(*)
FROM users
WHERE is_admin AND user_status = 'active';

-- An administrator from before there were roles is a super_admin.
-- name: admin_count_super_others
SELECT count(*)
FROM users
WHERE is_admin AND role <> 'admin' AND user_status = 'active' AND id <> :id;

-- Both are for migration 0008.
-- name: user_set_shared
UPDATE users
SET email_key_shared = :email_key
WHERE id = :id AND email_key <> :email_key;

-- name: user_take_shared
UPDATE users
SET email_key = email_key_shared, email_key_shared = NULL
WHERE email_key_shared IS NOT NULL
	AND NOT EXISTS (SELECT 1 FROM users o WHERE o.email_key = users.email_key_shared)
	AND NOT EXISTS (SELECT 1 FROM users o
		WHERE o.email_key_shared = users.email_key_shared AND o.id <> users.id);
