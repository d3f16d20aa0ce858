-- The data keys that seal secrets, each wrapped by a subkey of the master key, and the
-- secrets of the service itself.

-- only: pgsql
-- Changes do not wait longer than that behind this migration; it is tried again then.
SET LOCAL lock_timeout = '2s';
-- only: both

-- The highest id that a data key has had: none is used twice.
ALTER TABLE instance ADD COLUMN last_data_key BIGINT NOT NULL DEFAULT 0;

-- A data key; the one with the highest id of a tenant, or of NULL, seals.
CREATE TABLE key_versions (
	-- Stands in front of each text that it sealed.
	id BIGINT NOT NULL,
	-- Whose secrets it seals; NULL = those of all tenants that have no key of their own.
	tenant_id UUID,
	-- Which master key wraps it.
	master_id TEXT COLLATE "C" NOT NULL,
	-- The key, sealed by a subkey of that one.
	wrapped TEXT COLLATE "C" NOT NULL,
	-- How many secrets it has sealed at most: processes count in blocks ahead.
	seals BIGINT NOT NULL,
	-- When it was made.
	created_at TIMESTAMPTZ(3) NOT NULL,
	-- says: id: A data key with this id already exists
	CONSTRAINT key_versions_pkey PRIMARY KEY (id),
	CONSTRAINT key_versions_tenant_id_fkey FOREIGN KEY (tenant_id)
		REFERENCES tenants (id) ON DELETE RESTRICT
);
CREATE INDEX key_versions_tenant_id_idx ON key_versions (tenant_id, id DESC);

-- A secret of the service.
CREATE TABLE system_secrets (
	-- Its name, never reused for another purpose.
	name TEXT COLLATE "C" NOT NULL,
	-- The secret.
	sealed_value TEXT COLLATE "C" NOT NULL,
	-- The data key that sealed it.
	key_id BIGINT NOT NULL,
	-- When it was first set.
	created_at TIMESTAMPTZ(3) NOT NULL,
	-- When it was last set.
	updated_at TIMESTAMPTZ(3) NOT NULL,
	-- says: name: A secret with this name already exists
	CONSTRAINT system_secrets_pkey PRIMARY KEY (name),
	CONSTRAINT system_secrets_key_id_fkey FOREIGN KEY (key_id)
		REFERENCES key_versions (id) ON DELETE RESTRICT
);
CREATE INDEX system_secrets_key_id_idx ON system_secrets (key_id);
