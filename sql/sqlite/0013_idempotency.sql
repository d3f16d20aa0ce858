-- Requests with an Idempotency-Key that made something, and the replies that repeats of them
-- get.

-- A request that made something.
CREATE TABLE idempotency_keys (
	-- The user, or the admin token, that sent it.
	owner_id TEXT NOT NULL,
	-- SHA-256 (hex) of the owner's tenant and the Idempotency-Key.
	key_hash TEXT NOT NULL,
	-- Label of the route.
	route TEXT NOT NULL,
	-- SHA-256 (hex) of method, route, parameters and body: a repeat has the same.
	fingerprint TEXT NOT NULL,
	-- HTTP status of the reply.
	status INTEGER NOT NULL,
	-- The reply, sealed, because it may show a secret that is shown once.
	sealed_reply TEXT NOT NULL,
	-- The event of the audit trail that was committed with it.
	event_id TEXT NOT NULL,
	-- When it was sent.
	created_at TEXT NOT NULL,
	-- From here on the Idempotency-Key is that of a new request.
	expires_at TEXT NOT NULL,
	CONSTRAINT idempotency_keys_pkey PRIMARY KEY (owner_id, key_hash),
	CONSTRAINT idempotency_keys_owner_id_check CHECK (length(owner_id) = 36),
	CONSTRAINT idempotency_keys_event_id_check CHECK (length(event_id) = 36),
	CONSTRAINT idempotency_keys_created_at_check CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
	CONSTRAINT idempotency_keys_expires_at_check CHECK (expires_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;
CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);
