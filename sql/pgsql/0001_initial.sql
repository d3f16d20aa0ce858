-- Accounts, sessions, API keys, audit: the first schema.
--
-- The same columns, meanings and constraint names as sql/sqlite/0001_initial.sql,
-- so that rows can move. Ids and moments come from the program. Text that is
-- unique or put in order is COLLATE "C", so that both backends agree.

-- A group of users that shares data: who a request is accounted to.
CREATE TABLE tenants (
	-- Made by the program, never reused.
	id UUID NOT NULL,
	-- What people call it.
	name TEXT NOT NULL,
	-- Its name in addresses: 1 to 63 of [a-z0-9-].
	slug TEXT COLLATE "C" NOT NULL,
	-- What was bought.
	plan TEXT NOT NULL,
	-- False hides the tenant without losing its rows.
	is_active BOOLEAN NOT NULL,
	-- When it was made.
	created_at TIMESTAMPTZ(3) NOT NULL,
	-- When a column of this row last changed.
	updated_at TIMESTAMPTZ(3) NOT NULL,
	CONSTRAINT tenants_pkey PRIMARY KEY (id),
	CONSTRAINT tenants_slug_key UNIQUE (slug),
	CONSTRAINT tenants_slug_check CHECK (length(slug) BETWEEN 1 AND 63),
	CONSTRAINT tenants_plan_check CHECK (plan IN ('starter', 'professional', 'enterprise'))
);

-- A person with an account.
CREATE TABLE users (
	-- Made by the program, never reused.
	id UUID NOT NULL,
	-- As the person wrote it: for showing and for mail.
	email TEXT NOT NULL,
	-- The same with A-Z folded: what is compared, and unique.
	email_key TEXT COLLATE "C" NOT NULL,
	-- What to call the person; NULL when not given.
	display_name TEXT,
	-- bcrypt in modular crypt form, `$2b$...`: it names its scheme and cost.
	password_hash TEXT NOT NULL,
	-- The highest tier that the person's API keys may have.
	tier TEXT NOT NULL,
	-- The tenant the person works in; NULL until one is given.
	tenant_id UUID,
	-- Only active users may log in, and only their keys work.
	user_status TEXT NOT NULL,
	-- True opens /admin.
	is_admin BOOLEAN NOT NULL,
	-- The admin who approved; NULL when it was the shell or not yet.
	approved_by UUID,
	-- When the account was approved; NULL unless active.
	approved_at TIMESTAMPTZ(3),
	-- When it was registered.
	created_at TIMESTAMPTZ(3) NOT NULL,
	-- When a column of this row last changed (last_active aside).
	updated_at TIMESTAMPTZ(3) NOT NULL,
	-- The last login; NULL before the first.
	last_active TIMESTAMPTZ(3),
	CONSTRAINT users_pkey PRIMARY KEY (id),
	CONSTRAINT users_email_key_key UNIQUE (email_key),
	CONSTRAINT users_tenant_id_fkey FOREIGN KEY (tenant_id)
		REFERENCES tenants (id) ON DELETE SET NULL,
	CONSTRAINT users_approved_by_fkey FOREIGN KEY (approved_by)
		REFERENCES users (id) ON DELETE SET NULL,
	CONSTRAINT users_tier_check CHECK (tier IN ('starter', 'professional', 'enterprise')),
	CONSTRAINT users_user_status_check CHECK (user_status IN ('pending', 'active', 'suspended'))
);
-- Lists of all users and of one status, newest first, by page.
CREATE INDEX users_created_at_idx ON users (created_at DESC, id DESC);
CREATE INDEX users_user_status_idx ON users (user_status, created_at DESC, id DESC);
CREATE INDEX users_tenant_id_idx ON users (tenant_id) WHERE tenant_id IS NOT NULL;
CREATE INDEX users_admin_idx ON users (id) WHERE is_admin;

-- Who belongs to which tenant, and as what.
CREATE TABLE tenant_users (
	-- The tenant.
	tenant_id UUID NOT NULL,
	-- The member.
	user_id UUID NOT NULL,
	-- What the member may do there; `owner` made the tenant.
	role TEXT NOT NULL,
	-- Since when.
	joined_at TIMESTAMPTZ(3) NOT NULL,
	CONSTRAINT tenant_users_pkey PRIMARY KEY (tenant_id, user_id),
	CONSTRAINT tenant_users_tenant_id_fkey FOREIGN KEY (tenant_id)
		REFERENCES tenants (id) ON DELETE CASCADE,
	CONSTRAINT tenant_users_user_id_fkey FOREIGN KEY (user_id)
		REFERENCES users (id) ON DELETE CASCADE,
	CONSTRAINT tenant_users_role_check CHECK (role IN ('owner', 'admin', 'member', 'viewer'))
);
CREATE INDEX tenant_users_user_id_idx ON tenant_users (user_id);

-- A login that has not ended. Ending a session deletes its row.
CREATE TABLE sessions (
	-- Made by the program; also inside the refresh token.
	id UUID NOT NULL,
	-- Whose session it is.
	user_id UUID NOT NULL,
	-- The tenant it works in; NULL when the user has none.
	tenant_id UUID,
	-- SHA-256 (hex) of the secret that all refresh tokens of this session share,
	-- so that one spent long ago is still known to be ours.
	family_hash TEXT NOT NULL,
	-- SHA-256 (hex) of the access token: what every request looks up.
	access_hash TEXT COLLATE "C" NOT NULL,
	-- The access token is refused from here on.
	access_expires_at TIMESTAMPTZ(3) NOT NULL,
	-- SHA-256 (hex) of the refresh token that is good now.
	refresh_hash TEXT NOT NULL,
	-- SHA-256 (hex) of the one it replaced; NULL before the first refresh.
	previous_hash TEXT,
	-- When it was replaced: its holder may ask again for a few seconds.
	rotated_at TIMESTAMPTZ(3),
	-- The login.
	created_at TIMESTAMPTZ(3) NOT NULL,
	-- The last refresh, or the login.
	refreshed_at TIMESTAMPTZ(3) NOT NULL,
	-- The session cannot be refreshed from here on.
	expires_at TIMESTAMPTZ(3) NOT NULL,
	-- Address of the client at login; NULL when it had no IP address.
	remote_addr INET,
	-- What the client called itself at login.
	user_agent TEXT,
	CONSTRAINT sessions_pkey PRIMARY KEY (id),
	CONSTRAINT sessions_access_hash_key UNIQUE (access_hash),
	CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id)
		REFERENCES users (id) ON DELETE CASCADE,
	CONSTRAINT sessions_tenant_id_fkey FOREIGN KEY (tenant_id)
		REFERENCES tenants (id) ON DELETE SET NULL
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id, created_at DESC, id DESC);
CREATE INDEX sessions_tenant_id_idx ON sessions (tenant_id) WHERE tenant_id IS NOT NULL;
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

-- What is known of one network's logins to one account: its failures, which
-- slow it down, and its last success, which makes it a known network (also
-- after logout). No foreign key: accounts that do not exist count the same.
-- An attempt is counted before it is judged; a success takes it back. The row
-- with network '*' counts one hour's failures from all unknown networks.
CREATE TABLE login_failures (
	-- SHA-256 (hex) of the folded e-mail of the attempt: people type passwords
	-- into the wrong field, and there may be no such account.
	account_hash TEXT COLLATE "C" NOT NULL,
	-- Network of the client (/24 or /64); '-' when it had no IP address.
	network TEXT COLLATE "C" NOT NULL,
	-- Failures since the last success, 0 after one.
	failures BIGINT NOT NULL,
	-- First failure of that count (of the hour, for '*'); NULL at 0.
	first_at TIMESTAMPTZ(3),
	-- Last failure of that count; NULL at 0.
	last_at TIMESTAMPTZ(3),
	-- No attempt is judged before this moment; NULL = no wait.
	blocked_until TIMESTAMPTZ(3),
	-- Last login from here; NULL = never, so the network is not known.
	last_success_at TIMESTAMPTZ(3),
	-- Nothing needs the row from here on.
	forget_at TIMESTAMPTZ(3) NOT NULL,
	CONSTRAINT login_failures_pkey PRIMARY KEY (account_hash, network),
	CONSTRAINT login_failures_failures_check CHECK (failures >= 0)
);
CREATE INDEX login_failures_forget_at_idx ON login_failures (forget_at);

-- API keys. A revoked key keeps its row.
CREATE TABLE api_keys (
	-- Made by the program, never reused.
	id UUID NOT NULL,
	-- The owner, in whose name the key acts.
	user_id UUID NOT NULL,
	-- What the owner calls it.
	name TEXT NOT NULL,
	-- What it is for; NULL when not said.
	description TEXT,
	-- Public id: the first 16 characters of the key, what look-ups use.
	key_prefix TEXT COLLATE "C" NOT NULL,
	-- `sha256:<salt hex>:<SHA-256(salt text | key) hex>`.
	key_hash TEXT NOT NULL,
	-- Never above the owner's tier when it was made.
	tier TEXT NOT NULL,
	-- Words that upstreams may ask for.
	scopes TEXT[] NOT NULL,
	-- Requests a month, when less than the tier's; NULL = the tier's.
	rate_limit_requests BIGINT,
	-- False once revoked.
	is_active BOOLEAN NOT NULL,
	-- The key is refused from here on; NULL = never.
	expires_at TIMESTAMPTZ(3),
	-- When it was revoked; NULL = it was not.
	revoked_at TIMESTAMPTZ(3),
	-- The last use that was written down; NULL = none.
	last_used_at TIMESTAMPTZ(3),
	-- When it was made.
	created_at TIMESTAMPTZ(3) NOT NULL,
	-- When a column of this row last changed (last_used_at aside).
	updated_at TIMESTAMPTZ(3) NOT NULL,
	CONSTRAINT api_keys_pkey PRIMARY KEY (id),
	CONSTRAINT api_keys_key_prefix_key UNIQUE (key_prefix),
	CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (user_id)
		REFERENCES users (id) ON DELETE CASCADE,
	CONSTRAINT api_keys_tier_check CHECK (tier IN ('trial', 'starter', 'professional', 'enterprise')),
	CONSTRAINT api_keys_rate_limit_requests_check CHECK (rate_limit_requests > 0)
);
CREATE INDEX api_keys_user_id_idx ON api_keys (user_id, created_at DESC, id DESC);

-- What happened, for people who ask later. It outlives what it names, so it
-- has no foreign keys; rows are never changed. Its id is made by the program
-- before the transaction: a second row with it means that the first run of
-- that transaction had committed.
CREATE TABLE audit_events (
	-- One per change, also the proof that the change was committed.
	id UUID NOT NULL,
	-- What happened: a name from the table in store/audit.c.
	event_type TEXT NOT NULL,
	-- How much it should worry somebody.
	severity TEXT NOT NULL,
	-- One sentence, without secrets.
	message TEXT NOT NULL,
	-- The door it came through: rest, shell, serve.
	source TEXT NOT NULL,
	-- How it went.
	result TEXT NOT NULL,
	-- The tenant it happened in; NULL when none.
	tenant_id UUID,
	-- Who did it; NULL when nobody was logged in, or the shell.
	user_id UUID,
	-- What it was done to: an id or a folded e-mail; NULL when nothing.
	target TEXT,
	-- Address of the client; NULL when it had no IP address.
	ip_address INET,
	-- What the client called itself.
	user_agent TEXT,
	-- The request, as the log and X-Request-Id name it.
	request_id TEXT,
	-- JSON object with what the type adds.
	metadata JSONB NOT NULL,
	-- When.
	timestamp TIMESTAMPTZ(3) NOT NULL,
	CONSTRAINT audit_events_pkey PRIMARY KEY (id),
	CONSTRAINT audit_events_severity_check CHECK (severity IN ('Info', 'Warning', 'Error', 'Critical')),
	CONSTRAINT audit_events_result_check CHECK (result IN ('success', 'failure')),
	CONSTRAINT audit_events_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
);
CREATE INDEX audit_events_timestamp_idx ON audit_events (timestamp DESC, id DESC);
CREATE INDEX audit_events_user_id_idx ON audit_events (user_id, timestamp DESC) WHERE user_id IS NOT NULL;
CREATE INDEX audit_events_tenant_id_idx ON audit_events (tenant_id, timestamp DESC) WHERE tenant_id IS NOT NULL;

-- What this database is: one row.
CREATE TABLE instance (
	-- Always 1, so that there cannot be a second row.
	id SMALLINT NOT NULL,
	-- Random name of this database.
	database_id UUID NOT NULL,
	-- HMAC-SHA256 (hex) of database_id by ENCRYPTION_KEY, written at first use:
	-- it tells a wrong key at start. NULL before.
	key_check TEXT,
	-- SHA-256 (hex) of the one-time token for the first admin; NULL when spent.
	setup_token_hash TEXT,
	-- That token is refused from here on.
	setup_token_expires_at TIMESTAMPTZ(3),
	-- When the database was first served.
	created_at TIMESTAMPTZ(3) NOT NULL,
	CONSTRAINT instance_pkey PRIMARY KEY (id),
	CONSTRAINT instance_id_check CHECK (id = 1)
);
