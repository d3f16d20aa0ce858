-- Connections that a caller looks for once a second.

-- Changes do not wait longer than that behind this migration; it is tried again then.
SET LOCAL lock_timeout = '2s';

CREATE INDEX provider_connections_wanted_idx ON provider_connections (expires_at) WHERE refresh_wanted;
