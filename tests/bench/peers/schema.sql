-- What the peers keep, in SQLite as in PostgreSQL: keys found by the hash of
-- the key, used requests by subject and month, a row for each request.
CREATE TABLE users (id TEXT PRIMARY KEY, status TEXT NOT NULL, monthly_limit BIGINT NOT NULL);
CREATE TABLE api_keys (id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id),
	key_hash TEXT NOT NULL UNIQUE, tier TEXT NOT NULL, is_active INTEGER NOT NULL,
	expires_at BIGINT, monthly_limit BIGINT NOT NULL);
CREATE TABLE counters (subject TEXT NOT NULL, month TEXT NOT NULL, used BIGINT NOT NULL,
	PRIMARY KEY (subject, month));
CREATE TABLE usage_rows (request_id TEXT NOT NULL, key_id TEXT NOT NULL, user_id TEXT NOT NULL,
	at BIGINT NOT NULL, route TEXT NOT NULL, method TEXT NOT NULL, cost INTEGER NOT NULL,
	remote_addr TEXT NOT NULL, user_agent TEXT NOT NULL);
