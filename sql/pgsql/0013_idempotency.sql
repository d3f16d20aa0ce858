-- Requests with an Idempotency-Key that made something, and the replies that repeats of them
-- get.

-- A request that made something.
CREATE TABLE idempotency_keys (
	-- The user, or the admin token, that sent it.
	owner_id UUID NOT NULL,
	-- SHA-256 (hex) of the owner's tenant and the Idempotency-Key.
	key_hash TEXT COLLATE "C" NOT NULL,
	-- Label of the route.
	route TEXT COLLATE "C" NOT NULL,
	-- SHA-256 (hex) of method, route, parameters and body: a repeat has the same.
	fingerprint TEXT COLLATE "C" NOT NULL,
	-- HTTP status of the reply.
	status BIGINT NOT NULL,
	-- The reply, sealed, because it may show a secret that is shown once.
	sealed_reply TEXT COLLATE "C" NOT NULL,
	-- The event of the audit trail that was committed with it.
	event_id UUID NOT NULL,
	-- When it was sent.
	created_at TIMESTAMPTZ(3) NOT NULL,
	-- From here on the Idempotency-Key is that of a new request.
	expires_at TIMESTAMPTZ(3) NOT NULL,
	CONSTRAINT idempotency_keys_pkey PRIMARY KEY (owner_id, key_hash)
);
CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);
