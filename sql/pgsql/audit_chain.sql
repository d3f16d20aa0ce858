-- Links of the audit trail, what must differ: many rows come by COPY (db_bulk).

-- name: audit_link_insert
COPY audit_links (chain, seq, event_id, hash) FROM STDIN;
