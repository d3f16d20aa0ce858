-- Hosts that keep verified keys and sessions are told what changed, whoever
-- changed it. The same columns and constraint names as in
-- sql/pgsql/0004_changes.sql.

-- One row a change; kept for an hour.
CREATE TABLE changes (
	-- Grows with each row; the newest one stays, so that it never goes back.
	position INTEGER NOT NULL,
	-- Id of the key, session, user or tenant.
	subject TEXT NOT NULL,
	-- When, by the clock of the database.
	changed_at TEXT NOT NULL,
	CONSTRAINT changes_pkey PRIMARY KEY (position, subject),
	CONSTRAINT changes_changed_at_check CHECK (changed_at GLOB '????-??-??T??:??:??.???Z')
) STRICT, WITHOUT ROWID;
CREATE TRIGGER tenants_changes_update AFTER UPDATE ON tenants BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT COALESCE(max(position), 0) + 1, OLD.id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM changes;
END;
CREATE TRIGGER tenants_changes_delete AFTER DELETE ON tenants BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT COALESCE(max(position), 0) + 1, OLD.id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM changes;
END;
CREATE TRIGGER users_changes_update AFTER UPDATE OF email, email_key, display_name, tier, tenant_id,
	user_status, is_admin, approved_by, approved_at ON users BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT COALESCE(max(position), 0) + 1, OLD.id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM changes;
END;
CREATE TRIGGER users_changes_delete AFTER DELETE ON users BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT COALESCE(max(position), 0) + 1, OLD.id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM changes;
END;
CREATE TRIGGER sessions_changes_update AFTER UPDATE ON sessions BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT COALESCE(max(position), 0) + 1, OLD.id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM changes;
END;
CREATE TRIGGER sessions_changes_delete AFTER DELETE ON sessions BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT COALESCE(max(position), 0) + 1, OLD.id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM changes;
END;
CREATE TRIGGER api_keys_changes_update AFTER UPDATE OF user_id, name, description, key_prefix, key_hash,
	tier, scopes, rate_limit_requests, rate_limit_period, is_active, expires_at, revoked_at ON api_keys BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT COALESCE(max(position), 0) + 1, OLD.id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM changes;
END;
CREATE TRIGGER api_keys_changes_delete AFTER DELETE ON api_keys BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT COALESCE(max(position), 0) + 1, OLD.id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM changes;
END;

-- INSERT OR REPLACE deletes without a trigger, unless the connection has asked for it.
CREATE TRIGGER tenants_changes_replace BEFORE INSERT ON tenants BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT (SELECT COALESCE(max(position), 0) + 1 FROM changes), id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
	FROM tenants WHERE id = NEW.id OR slug = NEW.slug;
END;
CREATE TRIGGER users_changes_replace BEFORE INSERT ON users BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT (SELECT COALESCE(max(position), 0) + 1 FROM changes), id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
	FROM users WHERE id = NEW.id OR email_key = NEW.email_key;
END;
CREATE TRIGGER sessions_changes_replace BEFORE INSERT ON sessions BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT (SELECT COALESCE(max(position), 0) + 1 FROM changes), id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
	FROM sessions WHERE id = NEW.id OR access_hash = NEW.access_hash;
END;
CREATE TRIGGER api_keys_changes_replace BEFORE INSERT ON api_keys BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT (SELECT COALESCE(max(position), 0) + 1 FROM changes), id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
	FROM api_keys WHERE id = NEW.id OR key_prefix = NEW.key_prefix;
END;
