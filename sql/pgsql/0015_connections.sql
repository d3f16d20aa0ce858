-- What Pierre keeps of other services: applications that are registered there, the
-- tokens that users gave it (connections), attempts to connect, what each application
-- may still ask for, and what users are told about it.
-- Texts in sealed_... are sealed (include/op/vault.h); key_id is the key that did it.

-- Changes do not wait longer than that behind this migration; it is tried again then.
SET LOCAL lock_timeout = '2s';

-- An application that is registered at a provider.
CREATE TABLE provider_apps (
	-- Made by the program.
	id UUID NOT NULL,
	-- Who brought it: user, tenant or server.
	owner TEXT COLLATE "C" NOT NULL,
	-- That user.
	user_id UUID,
	-- That tenant.
	tenant_id UUID,
	-- The provider, by its id in the file of providers.
	provider TEXT COLLATE "C" NOT NULL,
	-- Its id at the provider.
	client_id TEXT COLLATE "C" NOT NULL,
	-- Its secret there.
	sealed_secret TEXT COLLATE "C" NOT NULL,
	-- The key that sealed it.
	key_id BIGINT NOT NULL,
	-- The callback that is registered there; NULL = that of this Pierre.
	redirect_uri TEXT COLLATE "C",
	-- Scopes that are asked for; none = those of the provider's row.
	scopes TEXT[] NOT NULL,
	-- ok, or broken: the provider does not accept it.
	state TEXT COLLATE "C" NOT NULL,
	-- Why it is broken.
	reason TEXT COLLATE "C",
	-- Since when it has this state.
	state_since TIMESTAMPTZ(3) NOT NULL,
	-- When a refresh by it last succeeded; NULL = never.
	last_success_at TIMESTAMPTZ(3),
	-- Begin of the ten minutes that the next two count.
	window_at TIMESTAMPTZ(3),
	-- Refreshes by it that were answered in them.
	window_answers BIGINT NOT NULL,
	-- Of these, how many were refused.
	window_refusals BIGINT NOT NULL,
	-- Too many were refused: nothing is concluded from a refusal before this moment.
	degraded_until TIMESTAMPTZ(3),
	-- When it was set first.
	created_at TIMESTAMPTZ(3) NOT NULL,
	-- When its owner last changed it.
	updated_at TIMESTAMPTZ(3) NOT NULL,
	CONSTRAINT provider_apps_pkey PRIMARY KEY (id),
	CONSTRAINT provider_apps_user_id_provider_key UNIQUE (user_id, provider),
	CONSTRAINT provider_apps_tenant_id_provider_key UNIQUE (tenant_id, provider),
	CONSTRAINT provider_apps_user_id_fkey FOREIGN KEY (user_id)
		REFERENCES users (id) ON DELETE RESTRICT,
	CONSTRAINT provider_apps_key_id_fkey FOREIGN KEY (key_id)
		REFERENCES key_versions (id) ON DELETE RESTRICT,
	CONSTRAINT provider_apps_tenant_id_fkey FOREIGN KEY (tenant_id)
		REFERENCES tenants (id) ON DELETE RESTRICT,
	CONSTRAINT provider_apps_owner_check CHECK (
		(owner = 'user' AND user_id IS NOT NULL AND tenant_id IS NULL) OR
		(owner = 'tenant' AND user_id IS NULL AND tenant_id IS NOT NULL) OR
		(owner = 'server' AND user_id IS NULL AND tenant_id IS NULL)),
	CONSTRAINT provider_apps_state_check CHECK (state IN ('ok', 'broken'))
);
CREATE UNIQUE INDEX provider_apps_server_key ON provider_apps (provider) WHERE owner = 'server';
CREATE INDEX provider_apps_key_id_idx ON provider_apps (key_id);

-- The tokens of one user at one provider, for one tenant. Who may call is said by
-- refresh_gen, whose answer is stored by tokens_gen, and connect_gen is moved by
-- everything that makes an answer on its way worthless.
CREATE TABLE provider_connections (
	-- Made by the program.
	id UUID NOT NULL,
	-- Whose tokens they are.
	user_id UUID NOT NULL,
	-- The tenant they were given in, for ever.
	tenant_id UUID NOT NULL,
	-- The provider, by its id in the file of providers.
	provider TEXT COLLATE "C" NOT NULL,
	-- The application that they were given to; NULL = brought by their owner, who had none.
	app_id UUID,
	-- The user's id there; NULL = not known.
	provider_user_id TEXT COLLATE "C",
	-- Moved by a claim alone.
	refresh_gen BIGINT NOT NULL,
	-- The claim whose answer is stored.
	tokens_gen BIGINT NOT NULL,
	-- Moved when they are connected anew, set or ended.
	connect_gen BIGINT NOT NULL,
	-- idle; claimed: a caller has it, and nothing is spent yet; sent: the provider may
	-- have spent the refresh token.
	phase TEXT COLLATE "C" NOT NULL,
	-- End of the claim, by the clock of the database.
	lease_until TIMESTAMPTZ(3),
	-- ok, refreshing, uncertain, degraded, reauth_required, retired; unidentified: usable
	-- by nobody until the provider has said whose they are.
	state TEXT COLLATE "C" NOT NULL,
	-- A word that says why.
	reason TEXT COLLATE "C",
	-- Since when it has this state.
	state_since TIMESTAMPTZ(3) NOT NULL,
	-- The access token.
	sealed_access TEXT COLLATE "C" NOT NULL,
	-- The refresh token; NULL = there is none.
	sealed_refresh TEXT COLLATE "C",
	-- The key that sealed both.
	key_id BIGINT NOT NULL,
	-- How the access token is sent, Bearer as a rule.
	token_type TEXT COLLATE "C" NOT NULL,
	-- End of the access token; NULL = not known.
	expires_at TIMESTAMPTZ(3),
	-- Scopes that were granted: when the provider did not say, those that were asked for.
	scopes_granted TEXT[] NOT NULL,
	-- Scopes that were asked for.
	scopes_asked TEXT[] NOT NULL,
	-- When they were last given out; NULL = never.
	last_used_at TIMESTAMPTZ(3),
	-- When the provider last gave new ones.
	refreshed_at TIMESTAMPTZ(3) NOT NULL,
	-- A refresh is wanted before they end.
	refresh_wanted BOOLEAN NOT NULL,
	-- The caller leaves it alone until then; NULL = it may begin.
	retry_at TIMESTAMPTZ(3),
	-- Calls in a row that brought nothing.
	attempts BIGINT NOT NULL,
	-- Refusals of the refresh token since the first of them.
	refusals BIGINT NOT NULL,
	-- When that was.
	first_refused_at TIMESTAMPTZ(3),
	-- When they were disconnected: nobody gets them any more, and the row goes when the
	-- provider was told; NULL = they were not.
	ended_at TIMESTAMPTZ(3),
	-- When their owner connected, or brought, those that are here.
	connected_at TIMESTAMPTZ(3) NOT NULL,
	-- When they were first stored.
	created_at TIMESTAMPTZ(3) NOT NULL,
	-- When the row last changed.
	updated_at TIMESTAMPTZ(3) NOT NULL,
	CONSTRAINT provider_connections_pkey PRIMARY KEY (id),
	CONSTRAINT provider_connections_user_id_fkey FOREIGN KEY (user_id)
		REFERENCES users (id) ON DELETE RESTRICT,
	CONSTRAINT provider_connections_key_id_fkey FOREIGN KEY (key_id)
		REFERENCES key_versions (id) ON DELETE RESTRICT,
	CONSTRAINT provider_connections_tenant_id_fkey FOREIGN KEY (tenant_id)
		REFERENCES tenants (id) ON DELETE RESTRICT,
	CONSTRAINT provider_connections_app_id_fkey FOREIGN KEY (app_id)
		REFERENCES provider_apps (id) ON DELETE RESTRICT,
	CONSTRAINT provider_connections_phase_check CHECK (phase IN ('idle', 'claimed', 'sent')),
	CONSTRAINT provider_connections_state_check CHECK (state IN ('ok', 'refreshing', 'uncertain',
		'degraded', 'reauth_required', 'retired', 'unidentified')),
	CONSTRAINT provider_connections_attempts_check CHECK (attempts >= 0)
);
CREATE UNIQUE INDEX provider_connections_one_key ON provider_connections (user_id, tenant_id, provider)
	WHERE ended_at IS NULL AND state <> 'unidentified';
CREATE UNIQUE INDEX provider_connections_account_key ON provider_connections (app_id, provider_user_id)
	WHERE ended_at IS NULL AND state <> 'unidentified';
CREATE INDEX provider_connections_tenant_id_idx ON provider_connections (tenant_id, created_at DESC, id DESC);
CREATE INDEX provider_connections_app_id_idx ON provider_connections (app_id);
CREATE INDEX provider_connections_expires_at_idx ON provider_connections (expires_at);
CREATE INDEX provider_connections_pending_idx ON provider_connections (retry_at)
	WHERE ended_at IS NOT NULL OR state = 'unidentified';
CREATE INDEX provider_connections_key_id_idx ON provider_connections (key_id);

-- An attempt of a user to connect a provider: a link, a visit to the provider, a
-- callback, and what came of it.
CREATE TABLE connect_states (
	-- Made by the program.
	id UUID NOT NULL,
	-- Who connects.
	user_id UUID NOT NULL,
	-- In which tenant.
	tenant_id UUID NOT NULL,
	-- The provider, by its id in the file of providers.
	provider TEXT COLLATE "C" NOT NULL,
	-- With which application.
	app_id UUID NOT NULL,
	-- made: the link waits; started: the browser is at the provider; called_back: the code
	-- waits for a caller; sent: a caller has it; saved: what it gave is a connection with
	-- the id of this attempt; done.
	phase TEXT COLLATE "C" NOT NULL,
	-- SHA-256 (hex) of the secret in the link.
	start_hash TEXT COLLATE "C" NOT NULL,
	-- SHA-256 (hex) of the state that the provider hands back.
	state_hash TEXT COLLATE "C",
	-- SHA-256 (hex) of the cookie of the browser that followed the link.
	cookie_hash TEXT COLLATE "C",
	-- The verifier of PKCE (RFC 7636).
	sealed_verifier TEXT COLLATE "C",
	-- The code that the provider sent.
	sealed_code TEXT COLLATE "C",
	-- The key that sealed both; NULL = nothing is sealed.
	key_id BIGINT,
	-- The callback that the provider was told.
	redirect_uri TEXT COLLATE "C" NOT NULL,
	-- Scopes that were asked for.
	scopes_asked TEXT[] NOT NULL,
	-- Scopes that the callback named as granted; none = it named none.
	scopes_granted TEXT[] NOT NULL,
	-- The link, and later the visit, ends here.
	expires_at TIMESTAMPTZ(3) NOT NULL,
	-- End of a caller's claim, by the clock of the database.
	lease_until TIMESTAMPTZ(3),
	-- What came of it, a word; NULL = nothing yet.
	outcome TEXT COLLATE "C",
	-- The same as a sentence for the user.
	message TEXT,
	-- When the link was made.
	created_at TIMESTAMPTZ(3) NOT NULL,
	-- When the row last changed.
	updated_at TIMESTAMPTZ(3) NOT NULL,
	CONSTRAINT connect_states_pkey PRIMARY KEY (id),
	CONSTRAINT connect_states_start_hash_key UNIQUE (start_hash),
	CONSTRAINT connect_states_state_hash_key UNIQUE (state_hash),
	CONSTRAINT connect_states_user_id_fkey FOREIGN KEY (user_id)
		REFERENCES users (id) ON DELETE CASCADE,
	CONSTRAINT connect_states_key_id_fkey FOREIGN KEY (key_id)
		REFERENCES key_versions (id) ON DELETE RESTRICT,
	CONSTRAINT connect_states_tenant_id_fkey FOREIGN KEY (tenant_id)
		REFERENCES tenants (id) ON DELETE RESTRICT,
	CONSTRAINT connect_states_app_id_fkey FOREIGN KEY (app_id)
		REFERENCES provider_apps (id) ON DELETE CASCADE,
	CONSTRAINT connect_states_key_check CHECK (key_id IS NOT NULL OR
		(sealed_verifier IS NULL AND sealed_code IS NULL)),
	CONSTRAINT connect_states_phase_check CHECK (phase IN ('made', 'started', 'called_back',
		'sent', 'saved', 'done'))
);
CREATE INDEX connect_states_user_id_idx ON connect_states (user_id);
CREATE INDEX connect_states_tenant_id_idx ON connect_states (tenant_id);
CREATE INDEX connect_states_app_id_idx ON connect_states (app_id);
CREATE INDEX connect_states_expires_at_idx ON connect_states (expires_at);
CREATE INDEX connect_states_waiting_idx ON connect_states (phase) WHERE phase IN ('called_back', 'sent');
CREATE INDEX connect_states_key_id_idx ON connect_states (key_id);

-- What an application has asked its provider for, in the window that runs.
CREATE TABLE provider_budgets (
	-- The application.
	app_id UUID NOT NULL,
	-- Which of its budgets: empty = all requests, read = those that read.
	part TEXT COLLATE "C" NOT NULL,
	-- How long its window is, in seconds; a quarter of an hour has 900.
	seconds BIGINT NOT NULL,
	-- Number of the window; the next one has one more.
	window_id BIGINT NOT NULL,
	-- Requests in it so far.
	used BIGINT NOT NULL,
	-- The provider has refused more before this moment.
	shut_until TIMESTAMPTZ(3),
	CONSTRAINT provider_budgets_pkey PRIMARY KEY (app_id, part, seconds),
	CONSTRAINT provider_budgets_app_id_fkey FOREIGN KEY (app_id)
		REFERENCES provider_apps (id) ON DELETE CASCADE,
	CONSTRAINT provider_budgets_seconds_check CHECK (seconds > 0),
	CONSTRAINT provider_budgets_used_check CHECK (used >= 0)
);

-- What a user is told about a connection.
CREATE TABLE notifications (
	-- Made by the program.
	id UUID NOT NULL,
	-- Who is told.
	user_id UUID NOT NULL,
	-- In which tenant.
	tenant_id UUID NOT NULL,
	-- The provider that it is about.
	provider TEXT COLLATE "C" NOT NULL,
	-- Whether it is good news.
	success BOOLEAN NOT NULL,
	-- The sentence.
	message TEXT NOT NULL,
	-- It means nothing any more from here on; NULL = it always does.
	expires_at TIMESTAMPTZ(3),
	-- When it was read; NULL = it was not.
	read_at TIMESTAMPTZ(3),
	-- When it was written.
	created_at TIMESTAMPTZ(3) NOT NULL,
	CONSTRAINT notifications_pkey PRIMARY KEY (id),
	CONSTRAINT notifications_user_id_fkey FOREIGN KEY (user_id)
		REFERENCES users (id) ON DELETE CASCADE,
	CONSTRAINT notifications_tenant_id_fkey FOREIGN KEY (tenant_id)
		REFERENCES tenants (id) ON DELETE RESTRICT
);
CREATE INDEX notifications_user_id_idx ON notifications (user_id, tenant_id, created_at DESC, id DESC);
CREATE INDEX notifications_unread_idx ON notifications (user_id) WHERE read_at IS NULL;
CREATE INDEX notifications_tenant_id_idx ON notifications (tenant_id);
