-- Connections of a user: each request for a token looks for one, and read all that there
-- are. The unique index does not have those whose user is not known yet, so it was no help.


CREATE INDEX provider_connections_user_id_idx ON provider_connections (user_id, provider);
