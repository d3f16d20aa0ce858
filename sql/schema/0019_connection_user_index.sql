-- Connections of a user: each request for a token looks for one, and read all that there
-- are. The unique index does not have those whose user is not known yet, so it was no help.

-- only: pgsql
-- Changes do not wait longer than that behind this migration; it is tried again then.
SET LOCAL lock_timeout = '2s';
-- only: both

CREATE INDEX provider_connections_user_id_idx ON provider_connections (user_id, provider);
