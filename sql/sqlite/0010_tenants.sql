-- Who may do what: tenants of one user and of many, their members, invitations and
-- limits; API keys that belong to a tenant. DDL alone: rows from before are filled
-- by the scheduler afterwards (include/store/fill.h), and until then mean what is said here.

-- ADD COLUMN reads every row of a STRICT table, and a CHECK cannot be changed but by
-- building the table anew: 3 s for 100,000 keys, and the rows of its children deleted
-- once it has some. No stored row changes here, so the text of the tables is changed
-- (https://sqlite.org/lang_altertable.html, section 7): columns at the end.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'CONSTRAINT users_pkey', '-- super_admin, admin or user. An admin from before has `user` until it is filled, and
	-- counts as super_admin.
	role TEXT NOT NULL DEFAULT ''user''
		CONSTRAINT users_role_check CHECK (role IN (''super_admin'', ''admin'', ''user'')),
	CONSTRAINT users_pkey')
WHERE type = 'table' AND name = 'users';
UPDATE sqlite_schema SET sql = replace(sql, 'CONSTRAINT tenants_pkey', '-- personal: the tenant of one user, which has the id of the user; team: of many.
	kind TEXT NOT NULL DEFAULT ''team''
		CONSTRAINT tenants_kind_check CHECK (kind IN (''personal'', ''team'')),
	-- A domain that its members use; it proves nothing. NULL = none.
	domain TEXT,
	-- Requests of all its members together in one window; NULL = no ceiling.
	rate_limit_requests INTEGER
		CONSTRAINT tenants_rate_limit_requests_check CHECK (rate_limit_requests > 0),
	-- Calendar window (UTC) of rate_limit_requests; NULL = month.
	rate_limit_period TEXT
		CONSTRAINT tenants_rate_limit_period_check
			CHECK (rate_limit_period IN (''hour'', ''day'', ''week'', ''month'', ''quarter'')),
	-- enforce: its limits refuse; observe: they count, and refuse nothing.
	limit_mode TEXT NOT NULL DEFAULT ''enforce''
		CONSTRAINT tenants_limit_mode_check CHECK (limit_mode IN (''enforce'', ''observe'')),
	-- When its owner deleted it; its rows go 30 days later. NULL = it was not.
	deleted_at TEXT
		CONSTRAINT tenants_deleted_at_check CHECK (deleted_at GLOB ''????-??-??T??:??:??.???Z''),
	-- Grows with each change of the row, its members or its state: the lock of all of
	-- these, and its ETag.
	version INTEGER NOT NULL DEFAULT 1,
	CONSTRAINT tenants_pkey')
WHERE type = 'table' AND name = 'tenants';
UPDATE sqlite_schema SET sql = replace(replace(sql, '''member'', ''viewer'')',
	'''member'', ''viewer'', ''billing'')'), 'CONSTRAINT tenant_users_pkey', '-- Who invited; NULL = made the tenant, or not known.
	invited_by TEXT CONSTRAINT tenant_users_invited_by_fkey REFERENCES users (id) ON DELETE SET NULL,
	CONSTRAINT tenant_users_pkey')
WHERE type = 'table' AND name = 'tenant_users';
UPDATE sqlite_schema SET sql = replace(replace(sql, '(''hour'', ''day'', ''month'')',
	'(''hour'', ''day'', ''week'', ''month'', ''quarter'')'), 'CONSTRAINT api_keys_pkey', '-- The tenant that it works in, for ever; NULL until filled: the personal one of its owner.
	tenant_id TEXT
		CONSTRAINT api_keys_tenant_id_fkey REFERENCES tenants (id) ON DELETE RESTRICT,
	-- The key whose quota it draws on; NULL = its own.
	limit_id TEXT CONSTRAINT api_keys_limit_id_check CHECK (length(limit_id) = 36),
	-- The key that it replaces; NULL = none.
	rotated_from TEXT CONSTRAINT api_keys_rotated_from_check CHECK (length(rotated_from) = 36),
	-- JSON array of the networks that it may be used from; none = from everywhere.
	allowed_cidrs TEXT NOT NULL DEFAULT ''[]'' CONSTRAINT api_keys_allowed_cidrs_check
		CHECK (json_valid(allowed_cidrs) AND json_type(allowed_cidrs) = ''array''),
	-- JSON object that its owner keeps with it.
	metadata TEXT NOT NULL DEFAULT ''{}'' CONSTRAINT api_keys_metadata_check
		CHECK (json_valid(metadata) AND json_type(metadata) = ''object''),
	-- enforce or observe, as for a tenant; NULL = enforce.
	limit_mode TEXT
		CONSTRAINT api_keys_limit_mode_check CHECK (limit_mode IN (''enforce'', ''observe'')),
	-- Why it was revoked; NULL = it was not, or no reason was given.
	revoked_reason TEXT,
	-- 1: its scopes open the REST routes of Pierre too. 0 for keys from before, whose
	-- scopes were words for upstreams alone.
	opens_rest INTEGER NOT NULL DEFAULT 0
		CONSTRAINT api_keys_opens_rest_check CHECK (opens_rest IN (0, 1)),
	-- The A2A client that it was made for; NULL = none.
	a2a_client_id TEXT CONSTRAINT api_keys_a2a_client_id_check CHECK (length(a2a_client_id) = 36),
	CONSTRAINT api_keys_pkey')
WHERE type = 'table' AND name = 'api_keys';
PRAGMA writable_schema = RESET;


CREATE UNIQUE INDEX tenants_domain_key ON tenants (domain) WHERE domain IS NOT NULL;
CREATE INDEX tenants_created_at_idx ON tenants (created_at DESC, id DESC);
CREATE INDEX tenants_deleted_at_idx ON tenants (deleted_at) WHERE deleted_at IS NOT NULL;
-- No key has one yet, so there is nothing to sort.
CREATE INDEX api_keys_tenant_id_idx ON api_keys (tenant_id, created_at DESC, id DESC)
	WHERE tenant_id IS NOT NULL;

-- A place in a tenant that was offered to an e-mail address.
CREATE TABLE tenant_invitations (
	-- Made by the program, never reused.
	id TEXT NOT NULL,
	-- The tenant.
	tenant_id TEXT NOT NULL,
	-- Canonical form of the address: only an account with it may accept.
	email_key TEXT NOT NULL,
	-- What the account becomes there.
	role TEXT NOT NULL,
	-- SHA-256 (hex) of the token that the inviter hands over.
	token_hash TEXT NOT NULL,
	-- Who invited.
	invited_by TEXT NOT NULL,
	-- It cannot be accepted from here on.
	expires_at TEXT NOT NULL,
	-- When it was accepted; NULL = it was not.
	accepted_at TEXT,
	-- The account that accepted.
	accepted_by TEXT,
	-- When it was made.
	created_at TEXT NOT NULL,
	CONSTRAINT tenant_invitations_pkey PRIMARY KEY (id),
	CONSTRAINT tenant_invitations_token_hash_key UNIQUE (token_hash),
	CONSTRAINT tenant_invitations_tenant_id_fkey FOREIGN KEY (tenant_id)
		REFERENCES tenants (id) ON DELETE CASCADE,
	CONSTRAINT tenant_invitations_invited_by_fkey FOREIGN KEY (invited_by)
		REFERENCES users (id) ON DELETE CASCADE,
	CONSTRAINT tenant_invitations_role_check CHECK (role IN ('admin', 'member', 'viewer', 'billing')),
	CONSTRAINT tenant_invitations_id_check CHECK (length(id) = 36),
	CONSTRAINT tenant_invitations_expires_at_check CHECK (expires_at GLOB '????-??-??T??:??:??.???Z'),
	CONSTRAINT tenant_invitations_accepted_at_check CHECK (accepted_at GLOB '????-??-??T??:??:??.???Z'),
	CONSTRAINT tenant_invitations_accepted_by_check CHECK (length(accepted_by) = 36),
	CONSTRAINT tenant_invitations_created_at_check CHECK (created_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;
CREATE INDEX tenant_invitations_tenant_id_idx ON tenant_invitations (tenant_id, created_at DESC, id DESC);
CREATE INDEX tenant_invitations_invited_by_idx ON tenant_invitations (invited_by);
CREATE INDEX tenant_invitations_expires_at_idx ON tenant_invitations (expires_at);

-- For one release, as on PostgreSQL, where a program from before may go on.
CREATE TRIGGER users_role_keep_insert AFTER INSERT ON users WHEN NEW.is_admin <> (NEW.role <> 'user') BEGIN
	UPDATE users SET is_admin = 1, role = CASE WHEN role = 'user' THEN 'super_admin' ELSE role END
	WHERE id = NEW.id;
END;
CREATE TRIGGER users_role_keep_admin AFTER UPDATE OF is_admin, role ON users
WHEN NEW.role = OLD.role AND NEW.is_admin <> OLD.is_admin BEGIN
	UPDATE users SET role = CASE WHEN is_admin THEN 'super_admin' ELSE 'user' END WHERE id = NEW.id;
END;
CREATE TRIGGER users_role_keep_role AFTER UPDATE OF role ON users
WHEN NEW.role <> OLD.role AND NEW.is_admin <> (NEW.role <> 'user') BEGIN
	UPDATE users SET is_admin = (role <> 'user') WHERE id = NEW.id;
END;

DROP TRIGGER users_changes_update;
CREATE TRIGGER users_changes_update AFTER UPDATE OF email, email_key, display_name, tier, tenant_id,
	user_status, is_admin, role, approved_by, approved_at ON users BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT COALESCE(max(position), 0) + 1, OLD.id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM changes;
END;
DROP TRIGGER tenants_changes_replace;
CREATE TRIGGER tenants_changes_replace BEFORE INSERT ON tenants BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT (SELECT COALESCE(max(position), 0) + 1 FROM changes), id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
	FROM tenants WHERE id = NEW.id OR slug = NEW.slug OR domain = NEW.domain;
END;
DROP TRIGGER api_keys_changes_update;
CREATE TRIGGER api_keys_changes_update AFTER UPDATE OF user_id, name, description, key_prefix, key_hash,
	tier, scopes, rate_limit_requests, rate_limit_period, is_active, expires_at, revoked_at,
	allowed_cidrs, metadata, limit_mode, revoked_reason, opens_rest, a2a_client_id ON api_keys BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT COALESCE(max(position), 0) + 1, OLD.id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM changes;
END;

-- Whose role changed, or who is no member any more.
CREATE TRIGGER tenant_users_changes_update AFTER UPDATE ON tenant_users BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT COALESCE(max(position), 0) + 1, OLD.user_id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM changes;
END;
CREATE TRIGGER tenant_users_changes_delete AFTER DELETE ON tenant_users BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT COALESCE(max(position), 0) + 1, OLD.user_id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM changes;
END;
CREATE TRIGGER tenant_users_changes_replace BEFORE INSERT ON tenant_users BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT (SELECT COALESCE(max(position), 0) + 1 FROM changes), user_id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
	FROM tenant_users WHERE tenant_id = NEW.tenant_id AND user_id = NEW.user_id;
END;
