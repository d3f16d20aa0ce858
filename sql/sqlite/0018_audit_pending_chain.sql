-- Events that wait are read chain by chain, so that one chain that is not gone on from
-- costs the others nothing, however many of its events wait.


CREATE INDEX audit_pending_chain_idx ON audit_pending (chain, event_id);
