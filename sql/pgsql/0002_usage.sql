-- Quota leases, usage rows and counters. On SQLite these stand in files of their
-- own: the same columns and constraint names as in sql/sqlite/quota/ and
-- sql/sqlite/usage/. Usage is partitioned by month: usage_month_make() and
-- usage_month_drop() below are what the closed set of SQL calls, since a name
-- cannot be a parameter.

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

-- One allowed request a row. No index: it would cost more than all else here.
CREATE TABLE usage_rows (
	-- When it was allowed.
	requested_at TIMESTAMPTZ(3) NOT NULL,
	-- The request's id; a repeat of one request has the same.
	request_id TEXT NOT NULL,
	-- The API key; NULL for a session.
	key_id UUID,
	-- Whose key or session it was.
	user_id UUID,
	-- The tenant it is accounted to; NULL when there is none.
	tenant_id UUID,
	-- Label of the route.
	route TEXT COLLATE "C" NOT NULL,
	-- Method of the client's request.
	method TEXT NOT NULL,
	-- What it took from the limits.
	cost BIGINT NOT NULL,
	-- The client's address; NULL when not known.
	ip_address TEXT,
	-- What the client says it is; NULL when it does not.
	user_agent TEXT
) PARTITION BY RANGE (requested_at);

-- Requests and cost of one key, hour and route label.
CREATE TABLE usage_counters (
	-- The API key.
	key_id UUID NOT NULL,
	-- Start of the hour.
	hour_at TIMESTAMPTZ(3) NOT NULL,
	-- Label of the route; `other` for those beyond the first 100 of the month.
	route TEXT COLLATE "C" NOT NULL,
	-- How many requests were allowed.
	requests BIGINT NOT NULL,
	-- What they took from the limits.
	cost BIGINT NOT NULL,
	CONSTRAINT usage_counters_pkey PRIMARY KEY (key_id, hour_at, route)
) PARTITION BY RANGE (hour_at);

-- The labels that a key has counters for in a month: at most 100.
CREATE TABLE usage_routes (
	-- The API key.
	key_id UUID NOT NULL,
	-- Start of the month.
	month_at TIMESTAMPTZ(3) NOT NULL,
	-- The label.
	route TEXT COLLATE "C" NOT NULL,
	CONSTRAINT usage_routes_pkey PRIMARY KEY (key_id, month_at, route)
) PARTITION BY RANGE (month_at);

-- How far each ring of a host is recorded in a month.
CREATE TABLE usage_positions (
	-- Start of the month.
	month_at TIMESTAMPTZ(3) NOT NULL,
	-- The host, as its shared memory calls it.
	host_id UUID NOT NULL,
	-- Number of the ring on that host.
	ring BIGINT NOT NULL,
	-- Sequence number of the last row of this month.
	seq BIGINT NOT NULL,
	CONSTRAINT usage_positions_pkey PRIMARY KEY (month_at, host_id, ring)
);

-- What was recorded and is not yet in the counters; each goes there, and from
-- here, in one transaction.
CREATE TABLE usage_batches (
	-- Start of the month.
	month_at TIMESTAMPTZ(3) NOT NULL,
	-- Keys are dealt out to 16 parts; those of one part are counted together.
	part INTEGER NOT NULL,
	-- A line for each row: hour in ms, cost, key, route.
	body TEXT NOT NULL
);
CREATE INDEX usage_batches_month_at_part_idx ON usage_batches (month_at, part);

-- What a transaction adds to the counters; empty outside of it, so a crash may
-- empty it.
CREATE UNLOGGED TABLE usage_deltas (
	-- The API key.
	key_id UUID NOT NULL,
	-- Start of the month.
	month_at TIMESTAMPTZ(3) NOT NULL,
	-- Start of the hour.
	hour_at TIMESTAMPTZ(3) NOT NULL,
	-- Label of the route, not yet folded into `other`.
	route TEXT COLLATE "C" NOT NULL,
	-- Requests to add.
	requests BIGINT NOT NULL,
	-- Cost to add.
	cost BIGINT NOT NULL
);
-- Bodies are short-lived: compressing them costs more than it saves.
ALTER TABLE usage_batches ALTER COLUMN body SET STORAGE EXTERNAL;

-- Make the partitions of a month that are missing; how many were. ATTACH lets
-- others read and write meanwhile, as CREATE ... PARTITION OF would not.
CREATE FUNCTION usage_month_make(suffix TEXT, month_start TIMESTAMPTZ, month_end TIMESTAMPTZ)
RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
	parent TEXT;
	child TEXT;
	made BIGINT := 0;
BEGIN
	PERFORM set_config('lock_timeout', '2s', TRUE);
	PERFORM pg_advisory_xact_lock(1885956723);
	FOREACH parent IN ARRAY ARRAY['usage_rows', 'usage_counters', 'usage_routes'] LOOP
		child := parent || '_' || suffix;
		CONTINUE WHEN to_regclass(quote_ident(child)) IS NOT NULL;
		EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS'
			' INCLUDING INDEXES INCLUDING STORAGE)', child, parent);
		EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
			parent, child, month_start, month_end);
		made := made + 1;
	END LOOP;
	RETURN made;
END $$;

-- Drop the partitions of months before this one; how many months went. DROP
-- locks out readers and writers: rather not now than after a long wait.
CREATE FUNCTION usage_month_drop(suffix TEXT, month_start TIMESTAMPTZ)
RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
	child NAME;
	dropped BIGINT := 0;
BEGIN
	PERFORM set_config('lock_timeout', '500ms', TRUE);
	FOR child IN
		SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent IN ('usage_rows'::regclass, 'usage_counters'::regclass,
				'usage_routes'::regclass)
			AND right(c.relname, 7) COLLATE "C" < suffix COLLATE "C"
		ORDER BY c.relname
	LOOP
		EXECUTE format('DROP TABLE %I', child);
		IF starts_with(child, 'usage_rows_') THEN
			dropped := dropped + 1;
		END IF;
	END LOOP;
	DELETE FROM usage_positions WHERE month_at < month_start;
	DELETE FROM usage_batches WHERE month_at < month_start;
	RETURN dropped;
END $$;
