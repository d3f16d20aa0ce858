-- name: migrations_exists
SELECT CASE WHEN to_regclass('migrations') IS NULL THEN 0 ELSE 1 END AS n;

-- name: migrations_create
CREATE TABLE IF NOT EXISTS migrations (
	-- the number in the file's name
	version INTEGER NOT NULL,
	name TEXT NOT NULL,
	-- of the text that ran; a changed file is refused
	sha256 TEXT NOT NULL,
	applied_at TIMESTAMPTZ(3) NOT NULL,
	CONSTRAINT migrations_pkey PRIMARY KEY (version),
	CONSTRAINT migrations_sha256_check CHECK (length(sha256) = 64)
);
