-- An administrator can limit a key by the hour or the day, not only by the month.

-- Calendar window (UTC) of rate_limit_requests: hour, day or month; NULL = month.
ALTER TABLE api_keys ADD COLUMN rate_limit_period TEXT
	CONSTRAINT api_keys_rate_limit_period_check CHECK (rate_limit_period IN ('hour', 'day', 'month'));
