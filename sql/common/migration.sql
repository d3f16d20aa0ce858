-- What src/db/migrate.c needs to know which migrations this database has had.

-- columns: migration = version, name, sha256, applied_at

-- name: migrations_list
-- row: Migration
SELECT {migration} FROM migrations ORDER BY version;

-- name: migrations_insert
INSERT INTO migrations ({migration}) VALUES (:{migration});
