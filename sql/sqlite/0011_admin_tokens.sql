-- Admin tokens, what each call of theirs did, the API keys that administrators made for
-- users, and ways to a new password.


-- A credential of a program that administers.
CREATE TABLE admin_tokens (
	-- Made by the program, never reused.
	id TEXT NOT NULL,
	-- The program that it is for.
	service_name TEXT NOT NULL,
	-- What that does.
	service_description TEXT,
	-- SHA-256 (hex) of the token, which is shown once.
	token_hash TEXT NOT NULL,
	-- Its first characters, by which people know it.
	token_prefix TEXT NOT NULL,
	-- What it may do.
	permissions TEXT NOT NULL,
	-- True: it was made with all permissions; it still makes no tokens.
	is_super_admin INTEGER NOT NULL,
	-- Who made it; NULL = the account is gone.
	created_by TEXT,
	-- It is refused from here on; NULL = never.
	expires_at TEXT,
	-- When it was revoked; NULL = it was not.
	revoked_at TEXT,
	-- The token that replaces it; NULL = none.
	rotated_to TEXT,
	-- Its last call; NULL = none yet.
	last_used_at TEXT,
	-- Where that came from.
	last_used_ip TEXT,
	-- How many calls it has made.
	usage_count INTEGER NOT NULL,
	-- When it was made.
	created_at TEXT NOT NULL,
	-- When it last changed, but by being used.
	updated_at TEXT NOT NULL,
	CONSTRAINT admin_tokens_pkey PRIMARY KEY (id),
	CONSTRAINT admin_tokens_token_hash_key UNIQUE (token_hash),
	CONSTRAINT admin_tokens_created_by_fkey FOREIGN KEY (created_by)
		REFERENCES users (id) ON DELETE SET NULL,
	CONSTRAINT admin_tokens_id_check CHECK (length(id) = 36),
	CONSTRAINT admin_tokens_permissions_check CHECK (json_valid(permissions) AND json_type(permissions) = 'array'),
	CONSTRAINT admin_tokens_is_super_admin_check CHECK (is_super_admin IN (0, 1)),
	CONSTRAINT admin_tokens_expires_at_check CHECK (expires_at GLOB '????-??-??T??:??:??.???Z'),
	CONSTRAINT admin_tokens_revoked_at_check CHECK (revoked_at GLOB '????-??-??T??:??:??.???Z'),
	CONSTRAINT admin_tokens_rotated_to_check CHECK (length(rotated_to) = 36),
	CONSTRAINT admin_tokens_last_used_at_check CHECK (last_used_at GLOB '????-??-??T??:??:??.???Z'),
	CONSTRAINT admin_tokens_created_at_check CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
	CONSTRAINT admin_tokens_updated_at_check CHECK (updated_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;
CREATE TRIGGER admin_tokens_changes_update AFTER UPDATE OF token_hash, permissions, is_super_admin, expires_at, revoked_at ON admin_tokens BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT COALESCE(max(position), 0) + 1, OLD.id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM changes;
END;
CREATE TRIGGER admin_tokens_changes_delete AFTER DELETE ON admin_tokens BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT COALESCE(max(position), 0) + 1, OLD.id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM changes;
END;
CREATE TRIGGER admin_tokens_changes_replace BEFORE INSERT ON admin_tokens BEGIN
	INSERT INTO changes (position, subject, changed_at)
	SELECT (SELECT COALESCE(max(position), 0) + 1 FROM changes), id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
	FROM admin_tokens WHERE id = NEW.id OR token_hash = NEW.token_hash;
END;
CREATE INDEX admin_tokens_created_at_idx ON admin_tokens (created_at DESC, id DESC);
CREATE INDEX admin_tokens_created_by_idx ON admin_tokens (created_by);

-- A call by an admin token.
CREATE TABLE admin_token_usage (
	-- Made by the program, never reused.
	id TEXT NOT NULL,
	-- The token.
	token_id TEXT NOT NULL,
	-- When it was called.
	timestamp TEXT NOT NULL,
	-- Label of the route.
	action TEXT NOT NULL,
	-- Id of what it was about; NULL = nothing in particular.
	target_resource TEXT,
	-- Where the call came from.
	ip_address TEXT,
	-- What the client calls itself.
	user_agent TEXT,
	-- Was it done?
	success INTEGER NOT NULL,
	-- HTTP status of the answer.
	status_code INTEGER NOT NULL,
	-- Until the row was written.
	response_time_ms INTEGER,
	-- Names the request in the log and in the audit trail.
	request_id TEXT,
	CONSTRAINT admin_token_usage_pkey PRIMARY KEY (id),
	CONSTRAINT admin_token_usage_token_id_fkey FOREIGN KEY (token_id)
		REFERENCES admin_tokens (id) ON DELETE CASCADE,
	CONSTRAINT admin_token_usage_id_check CHECK (length(id) = 36),
	CONSTRAINT admin_token_usage_timestamp_check CHECK (timestamp GLOB '????-??-??T??:??:??.???Z'),
	CONSTRAINT admin_token_usage_success_check CHECK (success IN (0, 1))
) STRICT;
CREATE INDEX admin_token_usage_token_id_idx ON admin_token_usage (token_id, timestamp DESC, id DESC);

-- An API key that an administrator made; its state is that of the key.
CREATE TABLE admin_provisioned_keys (
	-- Made by the program, never reused.
	id TEXT NOT NULL,
	-- The admin token that made it; NULL = a session, or the token is gone.
	token_id TEXT,
	-- The administrator who made it; NULL = a token, or the account is gone.
	admin_user_id TEXT,
	-- The key.
	api_key_id TEXT NOT NULL,
	-- Address of its owner, as it was asked for.
	user_email TEXT NOT NULL,
	-- The tier that was asked for.
	requested_tier TEXT NOT NULL,
	-- Name of the token's service; NULL = a session.
	provisioned_by_service TEXT,
	-- The limit that was asked for; NULL = that of the tier.
	rate_limit_requests INTEGER,
	-- Its window.
	rate_limit_period TEXT,
	-- When it was made.
	created_at TEXT NOT NULL,
	CONSTRAINT admin_provisioned_keys_pkey PRIMARY KEY (id),
	CONSTRAINT admin_provisioned_keys_api_key_id_key UNIQUE (api_key_id),
	CONSTRAINT admin_provisioned_keys_token_id_fkey FOREIGN KEY (token_id)
		REFERENCES admin_tokens (id) ON DELETE SET NULL,
	CONSTRAINT admin_provisioned_keys_admin_user_id_fkey FOREIGN KEY (admin_user_id)
		REFERENCES users (id) ON DELETE SET NULL,
	CONSTRAINT admin_provisioned_keys_api_key_id_fkey FOREIGN KEY (api_key_id)
		REFERENCES api_keys (id) ON DELETE CASCADE,
	CONSTRAINT admin_provisioned_keys_id_check CHECK (length(id) = 36),
	CONSTRAINT admin_provisioned_keys_created_at_check CHECK (created_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;
CREATE INDEX admin_provisioned_keys_created_at_idx ON admin_provisioned_keys (created_at DESC, id DESC);
CREATE INDEX admin_provisioned_keys_token_id_idx ON admin_provisioned_keys (token_id, created_at DESC, id DESC);
CREATE INDEX admin_provisioned_keys_admin_user_id_idx ON admin_provisioned_keys (admin_user_id);

-- A way to a new password, that an administrator hands over.
CREATE TABLE password_resets (
	-- Made by the program, never reused.
	id TEXT NOT NULL,
	-- Whose password.
	user_id TEXT NOT NULL,
	-- SHA-256 (hex) of the token, which is shown once.
	token_hash TEXT NOT NULL,
	-- The administrator; NULL = the shell, an admin token, or the account is gone.
	created_by TEXT,
	-- It is refused from here on.
	expires_at TEXT NOT NULL,
	-- When it was made.
	created_at TEXT NOT NULL,
	CONSTRAINT password_resets_pkey PRIMARY KEY (id),
	CONSTRAINT password_resets_token_hash_key UNIQUE (token_hash),
	CONSTRAINT password_resets_user_id_fkey FOREIGN KEY (user_id)
		REFERENCES users (id) ON DELETE CASCADE,
	CONSTRAINT password_resets_created_by_fkey FOREIGN KEY (created_by)
		REFERENCES users (id) ON DELETE SET NULL,
	CONSTRAINT password_resets_id_check CHECK (length(id) = 36),
	CONSTRAINT password_resets_expires_at_check CHECK (expires_at GLOB '????-??-??T??:??:??.???Z'),
	CONSTRAINT password_resets_created_at_check CHECK (created_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;
CREATE INDEX password_resets_user_id_idx ON password_resets (user_id);
CREATE INDEX password_resets_created_by_idx ON password_resets (created_by);

-- That of 0010 also answered the change of is_admin that a change of role makes, and so
-- made a super_admin of each new admin.
DROP TRIGGER users_role_keep_admin;
CREATE TRIGGER users_role_keep_admin AFTER UPDATE OF is_admin, role ON users
WHEN NEW.role = OLD.role AND NEW.is_admin <> OLD.is_admin AND NEW.is_admin <> (NEW.role <> 'user') BEGIN
	UPDATE users SET role = CASE WHEN is_admin THEN 'super_admin' ELSE 'user' END WHERE id = NEW.id;
END;
