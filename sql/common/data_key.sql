-- Data keys. What makes or changes one holds the row of the instance first, so that
-- hosts do it one at a time.

-- columns: data_key = id, tenant_id, master_id, wrapped, seals, created_at

-- name: data_key_next
-- row: DataKeyNext
UPDATE instance
SET last_data_key = last_data_key + 1
WHERE id = 1
RETURNING last_data_key AS id;

-- name: data_key_insert
INSERT INTO key_versions ({data_key}) VALUES (:{data_key});

-- name: data_key_get
-- row: DataKey
SELECT {data_key}
FROM key_versions
WHERE id = :id;

-- The one that seals for a tenant: its own, or that of all.
-- name: data_key_current
-- row: DataKey
SELECT {data_key}
FROM key_versions
WHERE tenant_id = :tenant_id OR tenant_id IS NULL
ORDER BY tenant_id IS NULL, id DESC
LIMIT 1;

-- The last one of a tenant, or of NULL, alone.
-- name: data_key_own
-- row: DataKey
SELECT {data_key}
FROM key_versions
WHERE tenant_id = :tenant_id OR (CAST(:tenant_id AS TEXT) IS NULL AND tenant_id IS NULL)
ORDER BY id DESC
LIMIT 1;

-- name: data_key_list
-- row: DataKey
SELECT {data_key}
FROM key_versions
ORDER BY id;

-- The master key that is in use: all rows have the same one.
-- name: data_key_master
-- row: DataKeyMaster
SELECT master_id
FROM key_versions
ORDER BY id DESC
LIMIT 1;

-- name: data_key_count_seals
UPDATE key_versions
SET seals = seals + :n
WHERE id = :id;

-- Refused while a secret has it: FOREIGN KEY.
-- name: data_key_delete
DELETE FROM key_versions
WHERE id = :id;

-- name: data_key_wrap
UPDATE key_versions
SET wrapped = :wrapped, master_id = :master_id
WHERE id = :id;

-- name: instance_change_key_check
UPDATE instance
SET key_check = :new_check
WHERE id = 1 AND key_check = :old_check;

-- Holds the row, so that no host links meanwhile.
-- name: audit_lease_hold
UPDATE audit_lease
SET id = 1
WHERE id = 1;
