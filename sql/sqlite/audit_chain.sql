-- Links of the audit trail, what must differ.

-- name: audit_link_insert
INSERT INTO audit_links (chain, seq, event_id, hash) VALUES (:chain, :seq, :event_id, :hash);
