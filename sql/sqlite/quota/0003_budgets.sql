-- What applications have asked their providers for. The same columns and constraint names
-- as in sql/pgsql/0017_budgets.sql.

-- Requests to a provider in one window.
CREATE TABLE budget_windows (
	-- Whose budget: a letter and the id, "a..." an application, "c..." a connection.
	subject TEXT NOT NULL,
	-- Which of its budgets: empty = all requests, read = those that read, user and
	-- token = those for one connection; shut = nothing is asked before ends_at.
	part TEXT NOT NULL,
	-- How long the window is; 0 of `shut`.
	seconds INTEGER NOT NULL,
	-- Number of the window; the next one has one more. 0 of `shut`.
	window_id INTEGER NOT NULL,
	-- Requests in it.
	used INTEGER NOT NULL,
	-- End of the window; the row is deleted some time after it.
	ends_at TEXT NOT NULL,
	CONSTRAINT budget_windows_pkey PRIMARY KEY (subject, part, seconds, window_id),
	CONSTRAINT budget_windows_part_check CHECK (part IN ('', 'read', 'user', 'token', 'shut')),
	CONSTRAINT budget_windows_used_check CHECK (used >= 0),
	CONSTRAINT budget_windows_ends_at_check CHECK (ends_at GLOB '????-??-??T??:??:??.???Z')
) STRICT, WITHOUT ROWID;
CREATE INDEX budget_windows_ends_at_idx ON budget_windows (ends_at);
