-- One month's usage: this file holds its rows, its counters and how far each
-- ring was recorded, so that one transaction of the recorder touches this file
-- alone. The same columns and constraint names as in sql/pgsql/0002_usage.sql.

-- One allowed request a row. No index: it would cost more than all else here.
CREATE TABLE usage_rows (
	-- When it was allowed.
	requested_at TEXT NOT NULL,
	-- The request's id; a repeat of one request has the same.
	request_id TEXT NOT NULL,
	-- The API key; NULL for a session.
	key_id TEXT,
	-- Whose key or session it was.
	user_id TEXT,
	-- The tenant it is accounted to; NULL when there is none.
	tenant_id TEXT,
	-- Label of the route.
	route TEXT NOT NULL,
	-- Method of the client's request.
	method TEXT NOT NULL,
	-- What it took from the limits.
	cost INTEGER NOT NULL,
	-- The client's address; NULL when not known.
	ip_address TEXT,
	-- What the client says it is; NULL when it does not.
	user_agent TEXT,
	CONSTRAINT usage_rows_requested_at_check CHECK (requested_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;

-- Requests and cost of one key, hour and route label.
CREATE TABLE usage_counters (
	-- The API key.
	key_id TEXT NOT NULL,
	-- Start of the hour.
	hour_at TEXT NOT NULL,
	-- Label of the route; `other` for those beyond the first 100 of the month.
	route TEXT NOT NULL,
	-- How many requests were allowed.
	requests INTEGER NOT NULL,
	-- What they took from the limits.
	cost INTEGER NOT NULL,
	CONSTRAINT usage_counters_pkey PRIMARY KEY (key_id, hour_at, route),
	CONSTRAINT usage_counters_hour_at_check CHECK (hour_at GLOB '????-??-??T??:??:??.???Z')
) STRICT, WITHOUT ROWID;

-- The labels that a key has counters for in a month: at most 100.
CREATE TABLE usage_routes (
	-- The API key.
	key_id TEXT NOT NULL,
	-- Start of the month.
	month_at TEXT NOT NULL,
	-- The label.
	route TEXT NOT NULL,
	CONSTRAINT usage_routes_pkey PRIMARY KEY (key_id, month_at, route),
	CONSTRAINT usage_routes_month_at_check CHECK (month_at GLOB '????-??-??T??:??:??.???Z')
) STRICT, WITHOUT ROWID;

-- How far each ring of a host is recorded in a month.
CREATE TABLE usage_positions (
	-- Start of the month.
	month_at TEXT NOT NULL,
	-- The host, as its shared memory calls it.
	host_id TEXT NOT NULL,
	-- Number of the ring on that host.
	ring INTEGER NOT NULL,
	-- Sequence number of the last row of this month.
	seq INTEGER NOT NULL,
	CONSTRAINT usage_positions_pkey PRIMARY KEY (month_at, host_id, ring),
	CONSTRAINT usage_positions_month_at_check CHECK (month_at GLOB '????-??-??T??:??:??.???Z')
) STRICT, WITHOUT ROWID;

-- What was recorded and is not yet in the counters; each goes there, and from
-- here, in one transaction.
CREATE TABLE usage_batches (
	-- Start of the month.
	month_at TEXT NOT NULL,
	-- Keys are dealt out to 16 parts; those of one part are counted together.
	part INTEGER NOT NULL,
	-- A line for each row: hour in ms, cost, key, route.
	body TEXT NOT NULL,
	CONSTRAINT usage_batches_month_at_check CHECK (month_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;
CREATE INDEX usage_batches_month_at_part_idx ON usage_batches (month_at, part);

-- What a transaction adds to the counters; empty outside of it.
CREATE TABLE usage_deltas (
	-- The API key.
	key_id TEXT NOT NULL,
	-- Start of the month.
	month_at TEXT NOT NULL,
	-- Start of the hour.
	hour_at TEXT NOT NULL,
	-- Label of the route, not yet folded into `other`.
	route TEXT NOT NULL,
	-- Requests to add.
	requests INTEGER NOT NULL,
	-- Cost to add.
	cost INTEGER NOT NULL
) STRICT;
