-- What src/db/migrate.c needs to know which migrations this database has had.

-- name: migrations_list
SELECT version, name, sha256 FROM migrations ORDER BY version;

-- name: migrations_insert
INSERT INTO migrations (version, name, sha256, applied_at) VALUES ($1, $2, $3, $4);
