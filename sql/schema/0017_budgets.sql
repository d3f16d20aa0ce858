-- What applications have asked their providers for, a row for each window: a clock that
-- was wrong for a moment counts in windows of its own. On SQLite these rows stand beside
-- the leases of limits (sql/sqlite/quota/0003_budgets.sql), since a request to a provider
-- must not wait for other changes; what the table of 0015 had was never used.

-- only: pgsql
-- Changes do not wait longer than that behind this migration; it is tried again then.
SET LOCAL lock_timeout = '2s';
-- only: both

DROP TABLE provider_budgets;

-- only: pgsql
-- Requests to a provider in one window, by all hosts.
CREATE TABLE budget_windows (
	-- Whose budget: a letter and the id, "a..." an application, "c..." a connection.
	subject TEXT COLLATE "C" NOT NULL,
	-- Which of its budgets: empty = all requests, read = those that read, user and
	-- token = those for one connection; shut = nothing is asked before ends_at.
	part TEXT COLLATE "C" NOT NULL,
	-- How long the window is; 0 of `shut`.
	seconds BIGINT NOT NULL,
	-- Number of the window; the next one has one more. 0 of `shut`.
	window_id BIGINT NOT NULL,
	-- Requests in it.
	used BIGINT NOT NULL,
	-- End of the window; the row is deleted some time after it.
	ends_at TIMESTAMPTZ(3) NOT NULL,
	CONSTRAINT budget_windows_pkey PRIMARY KEY (subject, part, seconds, window_id),
	CONSTRAINT budget_windows_part_check CHECK (part IN ('', 'read', 'user', 'token', 'shut')),
	CONSTRAINT budget_windows_used_check CHECK (used >= 0)
) WITH (fillfactor = 50);
CREATE INDEX budget_windows_ends_at_idx ON budget_windows (ends_at);
-- only: both
