-- Of parallel refreshes of one token each gets the same pair, and the access
-- token from before stays good for a while. The same columns and constraint
-- names as in sql/pgsql/0007_session_pair.sql.

-- 32 random bytes (hex), of which both tokens of the last refresh were made with
-- a key that is not in the database; NULL: they cannot be made again.
ALTER TABLE sessions ADD COLUMN pair_seed TEXT;

-- SHA-256 (hex) of the access token that the last refresh replaced; NULL = none.
ALTER TABLE sessions ADD COLUMN previous_access_hash TEXT;

-- That one is refused from here on.
ALTER TABLE sessions ADD COLUMN previous_access_expires_at TEXT
	CONSTRAINT sessions_previous_access_expires_at_check
		CHECK (previous_access_expires_at GLOB '????-??-??T??:??:??.???Z');

CREATE INDEX sessions_previous_access_hash_idx ON sessions (previous_access_hash) WHERE previous_access_hash IS NOT NULL;
