-- The data keys that seal secrets, each wrapped by a subkey of the master key, and the
-- secrets of the service itself.


-- The highest id that a data key has had: none is used twice.
ALTER TABLE instance ADD COLUMN last_data_key INTEGER NOT NULL DEFAULT 0;

-- A data key; the one with the highest id of a tenant, or of NULL, seals.
CREATE TABLE key_versions (
	-- Stands in front of each text that it sealed.
	id INTEGER NOT NULL,
	-- Whose secrets it seals; NULL = those of all tenants that have no key of their own.
	tenant_id TEXT,
	-- Which master key wraps it.
	master_id TEXT NOT NULL,
	-- The key, sealed by a subkey of that one.
	wrapped TEXT NOT NULL,
	-- How many secrets it has sealed at most: processes count in blocks ahead.
	seals INTEGER NOT NULL,
	-- When it was made.
	created_at TEXT NOT NULL,
	CONSTRAINT key_versions_pkey PRIMARY KEY (id),
	CONSTRAINT key_versions_tenant_id_fkey FOREIGN KEY (tenant_id)
		REFERENCES tenants (id) ON DELETE RESTRICT,
	CONSTRAINT key_versions_created_at_check CHECK (created_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;
CREATE INDEX key_versions_tenant_id_idx ON key_versions (tenant_id, id DESC);

-- A secret of the service.
CREATE TABLE system_secrets (
	-- Its name, never reused for another purpose.
	name TEXT NOT NULL,
	-- The secret.
	sealed_value TEXT NOT NULL,
	-- The data key that sealed it.
	key_id INTEGER NOT NULL,
	-- When it was first set.
	created_at TEXT NOT NULL,
	-- When it was last set.
	updated_at TEXT NOT NULL,
	CONSTRAINT system_secrets_pkey PRIMARY KEY (name),
	CONSTRAINT system_secrets_key_id_fkey FOREIGN KEY (key_id)
		REFERENCES key_versions (id) ON DELETE RESTRICT,
	CONSTRAINT system_secrets_created_at_check CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
	CONSTRAINT system_secrets_updated_at_check CHECK (updated_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;
CREATE INDEX system_secrets_key_id_idx ON system_secrets (key_id);
