-- What applications have asked their providers for, a row for each window: a clock that
-- was wrong for a moment counts in windows of its own. On SQLite these rows stand beside
-- the leases of limits (sql/sqlite/quota/0003_budgets.sql), since a request to a provider
-- must not wait for other changes; what the table of 0015 had was never used.


DROP TABLE provider_budgets;

