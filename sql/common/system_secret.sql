-- Secrets of the service, for the shell alone. What is sealed in them is walked by
-- store/sealed.c.

-- columns: system_secret = name, sealed_value, key_id, created_at, updated_at

-- name: system_secret_set
-- row: SystemSecret
INSERT INTO system_secrets ({system_secret}) VALUES (:{system_secret})
ON CONFLICT (name) DO UPDATE SET sealed_value = excluded.sealed_value,
	key_id = excluded.key_id, updated_at = excluded.updated_at
RETURNING {system_secret};

-- name: system_secret_get
-- row: SystemSecret
SELECT {system_secret}
FROM system_secrets
WHERE name = :name;

-- name: system_secret_list
-- row: SystemSecret
SELECT {system_secret}
FROM system_secrets
WHERE name > :after
ORDER BY name
LIMIT :limit;

-- name: system_secret_delete
-- row: SystemSecret
DELETE FROM system_secrets
WHERE name = :name
RETURNING {system_secret};

-- --- store/sealed.c ---------------------------------------------------------------------

-- name: system_secret_page
-- row: SealedRow
SELECT name AS row_id, CAST(NULL AS TEXT) AS tenant_id, CAST(NULL AS TEXT) AS bound_1,
	CAST(NULL AS TEXT) AS bound_2, CAST(NULL AS TEXT) AS bound_3, key_id,
	sealed_value AS sealed_1, CAST(NULL AS TEXT) AS sealed_2
FROM system_secrets
WHERE name > :after
ORDER BY name
LIMIT :limit;

-- name: system_secret_reseal
UPDATE system_secrets
SET sealed_value = :new_1, key_id = :new_key_id
WHERE name = :row_id AND sealed_value = :sealed_1;

-- name: system_secret_count
SELECT count(*) AS n
FROM system_secrets
WHERE key_id = :key_id;
