-- Keys past their end are looked for each minute, and administrators list those of all
-- users.
CREATE INDEX api_keys_expires_at_idx ON api_keys (expires_at)
	WHERE is_active AND expires_at IS NOT NULL;
CREATE INDEX api_keys_created_at_idx ON api_keys (created_at DESC, id DESC);
