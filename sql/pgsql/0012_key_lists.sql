-- Keys past their end are looked for each minute.
CREATE INDEX api_keys_expires_at_idx ON api_keys (expires_at)
	WHERE is_active AND expires_at IS NOT NULL;
