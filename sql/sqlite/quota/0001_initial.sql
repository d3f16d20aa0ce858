-- What hosts have leased of each limit. This file holds nothing else, so that
-- an admin's transaction never makes /verify wait. The same columns and
-- constraint names as in sql/pgsql/0002_usage.sql.

-- Requests leased of one limit in one calendar window (UTC), by all hosts.
CREATE TABLE quota_leases (
	-- Whose limit: a letter of its kind and the id, "k..." a key, "u..." a user.
	subject TEXT NOT NULL,
	-- How long the window is.
	kind TEXT NOT NULL,
	-- Number of the window; the next one of its kind has one more.
	window_id INTEGER NOT NULL,
	-- Requests leased so far; above the limit only when that was lowered.
	leased INTEGER NOT NULL,
	-- Requests that the last lease was given.
	granted INTEGER NOT NULL,
	-- End of the window; the row is deleted some time after it.
	ends_at TEXT NOT NULL,
	CONSTRAINT quota_leases_pkey PRIMARY KEY (subject, kind, window_id),
	CONSTRAINT quota_leases_kind_check CHECK (kind IN ('hour', 'day', 'month')),
	CONSTRAINT quota_leases_leased_check CHECK (leased >= 0),
	CONSTRAINT quota_leases_ends_at_check CHECK (ends_at GLOB '????-??-??T??:??:??.???Z')
) STRICT, WITHOUT ROWID;
CREATE INDEX quota_leases_ends_at_idx ON quota_leases (ends_at);
