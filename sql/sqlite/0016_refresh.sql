-- Connections that a caller looks for once a second.


CREATE INDEX provider_connections_wanted_idx ON provider_connections (expires_at) WHERE refresh_wanted;
