-- The one row that says what this database is.

-- columns: instance = database_id, key_check, setup_token_hash, setup_token_expires_at,
--	created_at

-- name: instance_get
-- row: Instance
SELECT {instance}
FROM instance
WHERE id = 1;

-- name: instance_insert
-- row: Instance
INSERT INTO instance (id, database_id, created_at)
VALUES (1, :database_id, :now)
RETURNING {instance};

-- Changes nothing, but holds the row until the transaction ends, so that decisions
-- about admins are made one at a time.
-- name: instance_lock
UPDATE instance
SET id = 1
WHERE id = 1;

-- name: instance_set_key_check
-- row: Instance
UPDATE instance
SET key_check = :key_check
WHERE id = 1 AND key_check IS NULL
RETURNING {instance};

-- name: instance_set_setup_token
UPDATE instance
SET setup_token_hash = :hash, setup_token_expires_at = :expires_at
WHERE id = 1;

-- name: instance_spend_setup_token
UPDATE instance
SET setup_token_hash = NULL, setup_token_expires_at = NULL
WHERE id = 1 AND setup_token_hash = :hash AND setup_token_expires_at > :now;
