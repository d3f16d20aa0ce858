-- What cannot be undone is done by a time that is known, and not by a clock
-- that may be wrong: also that of this server may be.

-- The last moment at which a clock was believed.
CREATE TABLE known_time (
	-- Always 1, so that there cannot be a second row.
	id SMALLINT NOT NULL,
	-- That moment.
	known_at TIMESTAMPTZ(3) NOT NULL,
	-- The host that wrote it, as its shared memory calls it; that name ends with
	-- the boot. Empty when there was none.
	host_id TEXT NOT NULL,
	-- How long that host had run then, in ms.
	host_ms BIGINT NOT NULL,
	CONSTRAINT known_time_pkey PRIMARY KEY (id),
	CONSTRAINT known_time_id_check CHECK (id = 1)
);

-- A database that was served before is not new: the last change that was written
-- down is what is known.
INSERT INTO known_time (id, known_at, host_id, host_ms)
SELECT 1, COALESCE((SELECT max(timestamp) FROM audit_events), created_at), '', 0
FROM instance;
