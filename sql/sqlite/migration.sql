-- name: migrations_exists
SELECT count(*) AS n FROM sqlite_schema WHERE type = 'table' AND name = 'migrations';

-- name: migrations_create
CREATE TABLE IF NOT EXISTS migrations (
	-- the number in the file's name
	version INTEGER NOT NULL,
	name TEXT NOT NULL,
	-- of the text that ran; a changed file is refused
	sha256 TEXT NOT NULL,
	applied_at TEXT NOT NULL,
	CONSTRAINT migrations_pkey PRIMARY KEY (version),
	CONSTRAINT migrations_sha256_check CHECK (length(sha256) = 64),
	CONSTRAINT migrations_applied_at_check CHECK (applied_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;
