-- The audit trail proves itself: rows are only ever added, and each is linked by a
-- hash to the one before it, in a chain for each tenant and one for the system.


-- 32 random bytes (hex), so that what pii_hash is made of cannot be guessed. NULL
-- when the row was erased, or is older than the chain.
ALTER TABLE audit_events ADD COLUMN pii_salt TEXT;
-- SHA-256 (hex) of pii_salt, target, ip_address, user_agent and metadata: these can
-- be erased, and the chain still holds. NULL when the row is older than the chain.
ALTER TABLE audit_events ADD COLUMN pii_hash TEXT;

-- Events that have no link yet; the scheduler moves them into audit_links.
CREATE TABLE audit_pending (
	-- The event.
	event_id TEXT NOT NULL,
	-- Its chain: the id of its tenant, or `system`.
	chain TEXT NOT NULL,
	CONSTRAINT audit_pending_pkey PRIMARY KEY (event_id),
	CONSTRAINT audit_pending_event_id_check CHECK (length(event_id) = 36)
) STRICT;

-- What links each event to the one before it. Rows are only ever added.
CREATE TABLE audit_links (
	-- The id of a tenant, or `system`.
	chain TEXT NOT NULL,
	-- Place in the chain: 1, 2, ...
	seq INTEGER NOT NULL,
	-- The event. It has no foreign key, so that a missing one can be told.
	event_id TEXT NOT NULL,
	-- SHA-256 (hex) of the hash before, the place and the event: op/audit_hash.h.
	hash TEXT NOT NULL,
	CONSTRAINT audit_links_pkey PRIMARY KEY (chain, seq),
	CONSTRAINT audit_links_event_id_key UNIQUE (event_id),
	CONSTRAINT audit_links_seq_check CHECK (seq > 0),
	CONSTRAINT audit_links_event_id_check CHECK (length(event_id) = 36)
) STRICT;

-- Where each chain ends.
CREATE TABLE audit_heads (
	-- The id of a tenant, or `system`.
	chain TEXT NOT NULL,
	-- Number of its last link.
	seq INTEGER NOT NULL,
	-- Hash of that link.
	hash TEXT NOT NULL,
	-- HMAC-SHA256 (hex) of these three by a key derived from ENCRYPTION_KEY.
	mac TEXT NOT NULL,
	-- When that link was added.
	updated_at TEXT NOT NULL,
	CONSTRAINT audit_heads_pkey PRIMARY KEY (chain),
	CONSTRAINT audit_heads_updated_at_check CHECK (updated_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;

-- Which host links; the row is locked while it does.
CREATE TABLE audit_lease (
	-- Always 1, so that there cannot be a second row.
	id INTEGER NOT NULL,
	-- The host, as its shared memory calls it; empty before the first one.
	host_id TEXT NOT NULL,
	-- Another host may take it from here on.
	until_at TEXT NOT NULL,
	CONSTRAINT audit_lease_pkey PRIMARY KEY (id),
	CONSTRAINT audit_lease_id_check CHECK (id = 1),
	CONSTRAINT audit_lease_until_at_check CHECK (until_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;
INSERT INTO audit_lease (id, host_id, until_at) VALUES (1, '', '1970-01-01T00:00:00.000Z');

-- An event waits for its link from the moment it is there, whichever version of the
-- program inserts it. This is AFTER INSERT: a repeated id must meet the primary key
-- first, since that conflict proves that a COMMIT had been done.
-- Of an event everything stays, but for two things: erasing blanks what is about
-- people, and an event that waits is given its pii_hash when it has none.

CREATE TRIGGER audit_events_insert AFTER INSERT ON audit_events BEGIN
	-- INSERT OR REPLACE of a connection without recursive_triggers
	SELECT RAISE(ABORT, 'an audit event is never replaced')
	WHERE EXISTS (SELECT 1 FROM audit_links WHERE event_id = NEW.id)
		OR EXISTS (SELECT 1 FROM audit_pending WHERE event_id = NEW.id);
	INSERT INTO audit_pending (event_id, chain) VALUES (NEW.id, COALESCE(NEW.tenant_id, 'system'));
END;
-- REPLACE meets a row also by its rowid, which is -1 here when it is not given.
CREATE TRIGGER audit_events_rowid BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events WHERE rowid = NEW.rowid AND id <> NEW.id)
BEGIN
	SELECT RAISE(ABORT, 'an audit event is never replaced');
END;
-- A column that is added later must be added here: what is not named may be changed.
CREATE TRIGGER audit_events_update BEFORE UPDATE ON audit_events
WHEN NOT (NEW.rowid IS OLD.rowid AND NEW.id IS OLD.id AND NEW.event_type IS OLD.event_type AND NEW.severity IS OLD.severity
	AND NEW.message IS OLD.message AND NEW.source IS OLD.source AND NEW.result IS OLD.result
	AND NEW.tenant_id IS OLD.tenant_id AND NEW.user_id IS OLD.user_id
	AND NEW.request_id IS OLD.request_id AND NEW.timestamp IS OLD.timestamp
	AND ((NEW.pii_hash IS OLD.pii_hash AND NEW.pii_salt IS NULL AND NEW.target IS NULL
			AND NEW.ip_address IS NULL AND NEW.user_agent IS NULL AND NEW.metadata IS '{}')
		OR (OLD.pii_hash IS NULL AND NEW.target IS OLD.target
			AND NEW.ip_address IS OLD.ip_address AND NEW.user_agent IS OLD.user_agent
			AND NEW.metadata IS OLD.metadata
			AND EXISTS (SELECT 1 FROM audit_pending WHERE event_id = OLD.id))))
BEGIN
	SELECT RAISE(ABORT, 'an audit event is never changed');
END;
CREATE TRIGGER audit_events_delete BEFORE DELETE ON audit_events BEGIN
	SELECT RAISE(ABORT, 'an audit event is never deleted');
END;
CREATE TRIGGER audit_links_insert BEFORE INSERT ON audit_links
WHEN EXISTS (SELECT 1 FROM audit_links WHERE (chain = NEW.chain AND seq = NEW.seq) OR event_id = NEW.event_id
	OR rowid = NEW.rowid)
BEGIN
	SELECT RAISE(ABORT, 'a link of the audit trail is never replaced');
END;
CREATE TRIGGER audit_links_update BEFORE UPDATE ON audit_links BEGIN
	SELECT RAISE(ABORT, 'a link of the audit trail is never changed');
END;
CREATE TRIGGER audit_links_delete BEFORE DELETE ON audit_links BEGIN
	SELECT RAISE(ABORT, 'a link of the audit trail is never deleted');
END;
