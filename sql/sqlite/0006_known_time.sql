-- What cannot be undone is done by a time that is known, and not by a clock
-- that may be wrong. The same columns and constraint names as in
-- sql/pgsql/0006_known_time.sql.

-- The last moment at which a clock was believed.
CREATE TABLE known_time (
	-- Always 1, so that there cannot be a second row.
	id INTEGER NOT NULL,
	-- That moment.
	known_at TEXT NOT NULL,
	-- The host that wrote it, as its shared memory calls it; that name ends with
	-- the boot. Empty when there was none.
	host_id TEXT NOT NULL,
	-- How long that host had run then, in ms.
	host_ms INTEGER NOT NULL,
	CONSTRAINT known_time_pkey PRIMARY KEY (id),
	CONSTRAINT known_time_id_check CHECK (id = 1),
	CONSTRAINT known_time_known_at_check CHECK (known_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;

-- A database that was served before is not new: the last change that was written
-- down is what is known.
INSERT INTO known_time (id, known_at, host_id, host_ms)
SELECT 1, COALESCE((SELECT max(timestamp) FROM audit_events), created_at), '', 0
FROM instance;
