-- Of parallel refreshes of one token each gets the same pair, and the access
-- token from before stays good for a while.

-- 32 random bytes (hex), of which both tokens of the last refresh were made with
-- a key that is not in the database; NULL: they cannot be made again.
ALTER TABLE sessions ADD COLUMN pair_seed TEXT;

-- SHA-256 (hex) of the access token that the last refresh replaced; NULL = none.
ALTER TABLE sessions ADD COLUMN previous_access_hash TEXT COLLATE "C";

-- That one is refused from here on.
ALTER TABLE sessions ADD COLUMN previous_access_expires_at TIMESTAMPTZ(3);

CREATE INDEX sessions_previous_access_hash_idx ON sessions (previous_access_hash) WHERE previous_access_hash IS NOT NULL;
