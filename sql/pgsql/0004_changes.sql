-- Hosts that keep verified keys and sessions are told what changed, whoever
-- changed it.

-- One row a transaction and subject; kept for an hour.
CREATE TABLE changes (
	-- Number of the transaction.
	position BIGINT NOT NULL,
	-- Id of the key, session, user or tenant; all zeros = of all of them.
	subject UUID NOT NULL,
	-- When, by the clock of the database.
	changed_at TIMESTAMPTZ(3) NOT NULL,
	CONSTRAINT changes_pkey PRIMARY KEY (position, subject)
);

CREATE FUNCTION changes_add() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO changes (position, subject, changed_at)
	VALUES (CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT), OLD.id, clock_timestamp())
	ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;

CREATE TRIGGER tenants_changes AFTER UPDATE OR DELETE ON tenants
	FOR EACH ROW EXECUTE FUNCTION changes_add();
CREATE TRIGGER users_changes AFTER UPDATE OF email, email_key, display_name, tier, tenant_id,
	user_status, is_admin, approved_by, approved_at OR DELETE ON users
	FOR EACH ROW EXECUTE FUNCTION changes_add();
CREATE TRIGGER sessions_changes AFTER UPDATE OR DELETE ON sessions
	FOR EACH ROW EXECUTE FUNCTION changes_add();
CREATE TRIGGER api_keys_changes AFTER UPDATE OF user_id, name, description, key_prefix, key_hash,
	tier, scopes, rate_limit_requests, rate_limit_period, is_active, expires_at, revoked_at
	OR DELETE ON api_keys
	FOR EACH ROW EXECUTE FUNCTION changes_add();

-- TRUNCATE names no row.
CREATE FUNCTION changes_add_all() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO changes (position, subject, changed_at)
	VALUES (CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT),
		'00000000-0000-0000-0000-000000000000', clock_timestamp())
	ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;
CREATE TRIGGER tenants_changes_all AFTER TRUNCATE ON tenants
	FOR EACH STATEMENT EXECUTE FUNCTION changes_add_all();
CREATE TRIGGER users_changes_all AFTER TRUNCATE ON users
	FOR EACH STATEMENT EXECUTE FUNCTION changes_add_all();
CREATE TRIGGER sessions_changes_all AFTER TRUNCATE ON sessions
	FOR EACH STATEMENT EXECUTE FUNCTION changes_add_all();
CREATE TRIGGER api_keys_changes_all AFTER TRUNCATE ON api_keys
	FOR EACH STATEMENT EXECUTE FUNCTION changes_add_all();
