-- Admin tokens, what each call of theirs did, the API keys that administrators made for
-- users, and ways to a new password.

-- only: pgsql
-- Changes do not wait longer than that behind this migration; it is tried again then.
SET LOCAL lock_timeout = '2s';
-- only: both

-- noted: token_hash, permissions, is_super_admin, expires_at, revoked_at
-- A credential of a program that administers.
CREATE TABLE admin_tokens (
	-- Made by the program, never reused.
	id UUID NOT NULL,
	-- The program that it is for.
	service_name TEXT NOT NULL,
	-- What that does.
	service_description TEXT,
	-- SHA-256 (hex) of the token, which is shown once.
	token_hash TEXT COLLATE "C" NOT NULL,
	-- Its first characters, by which people know it.
	token_prefix TEXT COLLATE "C" NOT NULL,
	-- What it may do.
	permissions TEXT[] NOT NULL,
	-- True: it was made with all permissions; it still makes no tokens.
	is_super_admin BOOLEAN NOT NULL,
	-- Who made it; NULL = the account is gone.
	created_by UUID,
	-- It is refused from here on; NULL = never.
	expires_at TIMESTAMPTZ(3),
	-- When it was revoked; NULL = it was not.
	revoked_at TIMESTAMPTZ(3),
	-- The token that replaces it; NULL = none.
	rotated_to UUID,
	-- Its last call; NULL = none yet.
	last_used_at TIMESTAMPTZ(3),
	-- Where that came from.
	last_used_ip INET,
	-- How many calls it has made.
	usage_count BIGINT NOT NULL,
	-- When it was made.
	created_at TIMESTAMPTZ(3) NOT NULL,
	-- When it last changed, but by being used.
	updated_at TIMESTAMPTZ(3) NOT NULL,
	-- says: token_id: An admin token with this id already exists
	CONSTRAINT admin_tokens_pkey PRIMARY KEY (id),
	-- says: token: This admin token was drawn twice
	CONSTRAINT admin_tokens_token_hash_key UNIQUE (token_hash),
	CONSTRAINT admin_tokens_created_by_fkey FOREIGN KEY (created_by)
		REFERENCES users (id) ON DELETE SET NULL
);
CREATE INDEX admin_tokens_created_at_idx ON admin_tokens (created_at DESC, id DESC);
CREATE INDEX admin_tokens_created_by_idx ON admin_tokens (created_by);

-- A call by an admin token.
CREATE TABLE admin_token_usage (
	-- Made by the program, never reused.
	id UUID NOT NULL,
	-- The token.
	token_id UUID NOT NULL,
	-- When it was called.
	timestamp TIMESTAMPTZ(3) NOT NULL,
	-- Label of the route.
	action TEXT COLLATE "C" NOT NULL,
	-- Id of what it was about; NULL = nothing in particular.
	target_resource TEXT,
	-- Where the call came from.
	ip_address INET,
	-- What the client calls itself.
	user_agent TEXT,
	-- Was it done?
	success BOOLEAN NOT NULL,
	-- HTTP status of the answer.
	status_code BIGINT NOT NULL,
	-- Until the row was written.
	response_time_ms BIGINT,
	-- Names the request in the log and in the audit trail.
	request_id TEXT,
	-- says: id: A call with this id already exists
	CONSTRAINT admin_token_usage_pkey PRIMARY KEY (id),
	CONSTRAINT admin_token_usage_token_id_fkey FOREIGN KEY (token_id)
		REFERENCES admin_tokens (id) ON DELETE CASCADE
);
CREATE INDEX admin_token_usage_token_id_idx ON admin_token_usage (token_id, timestamp DESC, id DESC);

-- An API key that an administrator made; its state is that of the key.
CREATE TABLE admin_provisioned_keys (
	-- Made by the program, never reused.
	id UUID NOT NULL,
	-- The admin token that made it; NULL = a session, or the token is gone.
	token_id UUID,
	-- The administrator who made it; NULL = a token, or the account is gone.
	admin_user_id UUID,
	-- The key.
	api_key_id UUID NOT NULL,
	-- Address of its owner, as it was asked for.
	user_email TEXT NOT NULL,
	-- The tier that was asked for.
	requested_tier TEXT COLLATE "C" NOT NULL,
	-- Name of the token's service; NULL = a session.
	provisioned_by_service TEXT,
	-- The limit that was asked for; NULL = that of the tier.
	rate_limit_requests BIGINT,
	-- Its window.
	rate_limit_period TEXT COLLATE "C",
	-- When it was made.
	created_at TIMESTAMPTZ(3) NOT NULL,
	-- says: id: A provisioned key with this id already exists
	CONSTRAINT admin_provisioned_keys_pkey PRIMARY KEY (id),
	-- says: api_key_id: This key was provisioned already
	CONSTRAINT admin_provisioned_keys_api_key_id_key UNIQUE (api_key_id),
	CONSTRAINT admin_provisioned_keys_token_id_fkey FOREIGN KEY (token_id)
		REFERENCES admin_tokens (id) ON DELETE SET NULL,
	CONSTRAINT admin_provisioned_keys_admin_user_id_fkey FOREIGN KEY (admin_user_id)
		REFERENCES users (id) ON DELETE SET NULL,
	CONSTRAINT admin_provisioned_keys_api_key_id_fkey FOREIGN KEY (api_key_id)
		REFERENCES api_keys (id) ON DELETE CASCADE
);
CREATE INDEX admin_provisioned_keys_created_at_idx ON admin_provisioned_keys (created_at DESC, id DESC);
CREATE INDEX admin_provisioned_keys_token_id_idx ON admin_provisioned_keys (token_id, created_at DESC, id DESC);
CREATE INDEX admin_provisioned_keys_admin_user_id_idx ON admin_provisioned_keys (admin_user_id);

-- A way to a new password, that an administrator hands over.
CREATE TABLE password_resets (
	-- Made by the program, never reused.
	id UUID NOT NULL,
	-- Whose password.
	user_id UUID NOT NULL,
	-- SHA-256 (hex) of the token, which is shown once.
	token_hash TEXT COLLATE "C" NOT NULL,
	-- The administrator; NULL = the shell, an admin token, or the account is gone.
	created_by UUID,
	-- It is refused from here on.
	expires_at TIMESTAMPTZ(3) NOT NULL,
	-- When it was made.
	created_at TIMESTAMPTZ(3) NOT NULL,
	-- says: id: A password reset with this id already exists
	CONSTRAINT password_resets_pkey PRIMARY KEY (id),
	-- says: reset_token: This reset token was drawn twice
	CONSTRAINT password_resets_token_hash_key UNIQUE (token_hash),
	CONSTRAINT password_resets_user_id_fkey FOREIGN KEY (user_id)
		REFERENCES users (id) ON DELETE CASCADE,
	CONSTRAINT password_resets_created_by_fkey FOREIGN KEY (created_by)
		REFERENCES users (id) ON DELETE SET NULL
);
CREATE INDEX password_resets_user_id_idx ON password_resets (user_id);
CREATE INDEX password_resets_created_by_idx ON password_resets (created_by);

-- only: sqlite
-- That of 0010 also answered the change of is_admin that a change of role makes, and so
-- made a super_admin of each new admin.
DROP TRIGGER users_role_keep_admin;
CREATE TRIGGER users_role_keep_admin AFTER UPDATE OF is_admin, role ON users
WHEN NEW.role = OLD.role AND NEW.is_admin <> OLD.is_admin AND NEW.is_admin <> (NEW.role <> 'user') BEGIN
	UPDATE users SET role = CASE WHEN is_admin THEN 'super_admin' ELSE 'user' END WHERE id = NEW.id;
END;
-- only: both
