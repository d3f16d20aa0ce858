-- Quota leases. On SQLite these rows stand in a file of their own: the same
-- columns and constraint names as in sql/sqlite/quota/.

-- Requests leased of one limit in one calendar window (UTC), by all hosts.
CREATE TABLE quota_leases (
	-- Whose limit: a letter of its kind and the id, "k..." a key, "u..." a user.
	subject TEXT COLLATE "C" NOT NULL,
	-- How long the window is.
	kind TEXT COLLATE "C" NOT NULL,
	-- Number of the window; the next one of its kind has one more.
	window_id BIGINT NOT NULL,
	-- Requests leased so far; above the limit only when that was lowered.
	leased BIGINT NOT NULL,
	-- Requests that the last lease was given.
	granted BIGINT NOT NULL,
	-- End of the window; the row is deleted some time after it.
	ends_at TIMESTAMPTZ(3) NOT NULL,
	CONSTRAINT quota_leases_pkey PRIMARY KEY (subject, kind, window_id),
	CONSTRAINT quota_leases_kind_check CHECK (kind IN ('hour', 'day', 'month')),
	CONSTRAINT quota_leases_leased_check CHECK (leased >= 0)
) WITH (fillfactor = 50);
CREATE INDEX quota_leases_ends_at_idx ON quota_leases (ends_at);
