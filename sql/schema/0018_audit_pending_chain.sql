-- Events that wait are read chain by chain, so that one chain that is not gone on from
-- costs the others nothing, however many of its events wait.

-- only: pgsql
-- Changes do not wait longer than that behind this migration; it is tried again then.
SET LOCAL lock_timeout = '2s';
-- only: both

CREATE INDEX audit_pending_chain_idx ON audit_pending (chain, event_id);
