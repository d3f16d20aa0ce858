-- Links between the events of the audit trail: see sql/schema/0009_audit_chain.sql.

-- columns: audit_head = chain, seq, hash, mac, updated_at

-- --- linking -----------------------------------------------------------------------

-- Chains that are not gone on from are passed over: what is read lies between two of them
-- in the order of names, by audit_pending_chain_idx. That the first names come first
-- starves no other: a batch is linked faster than its events are committed.

-- Who links, and since when the oldest of some events waits.
-- name: audit_lease_get
-- row: AuditLease
SELECT host_id, until_at, (SELECT min(e.timestamp)
	FROM (SELECT event_id FROM audit_pending WHERE chain > :after AND chain < :before
		ORDER BY chain, event_id LIMIT 1000) p
	JOIN audit_events e ON e.id = p.event_id) AS waits_since
FROM audit_lease
WHERE id = 1;

-- An end after :far was written by a wrong clock.
-- Holds the row until the transaction ends, so that hosts link one at a time.
-- name: audit_lease_take
UPDATE audit_lease
SET host_id = :host_id, until_at = :until_at
WHERE id = 1 AND (host_id = :host_id OR until_at <= :now OR until_at > :far);

-- name: audit_batch
-- row: AuditWaiting
SELECT {event e}, p.chain, l.seq AS linked_seq,
	(SELECT max(s.seq) FROM audit_links s WHERE s.chain = p.chain) AS last_seq,
	h.seq AS head_seq, h.hash AS head_hash, h.mac AS head_mac
FROM (SELECT event_id, chain FROM audit_pending WHERE chain > :after AND chain < :before
	ORDER BY chain, event_id LIMIT :limit) p
	JOIN audit_events e ON e.id = p.event_id
	LEFT JOIN audit_links l ON l.event_id = p.event_id
	LEFT JOIN audit_heads h ON h.chain = p.chain
ORDER BY p.chain, e.timestamp, e.id;

-- Of a host with an older version, which knows no pii_hash.
-- name: audit_fill
UPDATE audit_events
SET pii_salt = :pii_salt, pii_hash = :pii_hash
WHERE id = :id AND pii_hash IS NULL;

-- name: audit_head_set
INSERT INTO audit_heads ({audit_head}) VALUES (:{audit_head})
ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq, hash = excluded.hash,
	mac = excluded.mac, updated_at = excluded.updated_at;

-- Up to the last of a batch: what came meanwhile has no link and stays.
-- name: audit_pending_done
DELETE FROM audit_pending
WHERE chain > :after AND (chain, event_id) <= (:last_chain, :last_id)
	AND EXISTS (SELECT 1 FROM audit_links l WHERE l.event_id = audit_pending.event_id);

-- --- looking -----------------------------------------------------------------------

-- Events that are older than the chain.
-- name: audit_count_unchained
SELECT count(*) AS n
FROM audit_events
WHERE pii_hash IS NULL
	AND NOT EXISTS (SELECT 1 FROM audit_pending p WHERE p.event_id = audit_events.id)
	AND NOT EXISTS (SELECT 1 FROM audit_links l WHERE l.event_id = audit_events.id);

-- name: audit_count_pending
SELECT count(*) AS n FROM audit_pending;

-- name: audit_head_list
-- row: AuditHead
SELECT {audit_head}
FROM audit_heads
ORDER BY chain;

-- That of the system, and those that have grown since, the last ones first.
-- name: audit_head_recent
-- row: AuditHead
SELECT {audit_head}
FROM audit_heads
WHERE updated_at >= :since OR chain = 'system'
ORDER BY CASE WHEN chain = 'system' THEN 0 ELSE 1 END, updated_at DESC, chain
LIMIT :limit;

-- name: audit_head_get
-- row: AuditHead
SELECT {audit_head}
FROM audit_heads
WHERE chain = :chain;

-- One row, of one moment: links are appended with their head.
-- name: audit_chain_end
-- row: AuditEnd
SELECT {audit_head h}, l.last_seq
FROM (SELECT max(seq) AS last_seq FROM audit_links WHERE chain = :chain) l
	LEFT JOIN audit_heads h ON h.chain = :chain;

-- name: audit_chains
-- row: AuditChain
SELECT chain FROM audit_heads UNION SELECT chain FROM audit_links
ORDER BY chain;

-- The links behind a place; the columns of an event that is gone are NULL.
-- name: audit_walk
-- row: AuditEntry
SELECT l.chain, l.seq, l.event_id, l.hash, {event e}
FROM audit_links l LEFT JOIN audit_events e ON e.id = l.event_id
WHERE l.chain = :chain AND l.seq > :seq
ORDER BY l.seq
LIMIT 1000;

-- name: audit_link_get
-- row: AuditLink
SELECT chain, seq, event_id, hash
FROM audit_links
WHERE chain = :chain AND seq = :seq;

-- Events of the chain that have no link and do not wait for it, or wait since before
-- a moment; and what waits for the link of an event that is gone.
-- name: audit_unlinked
-- row: AuditUnlinked
SELECT e.id AS event_id, COALESCE(p.chain, CAST(e.tenant_id AS TEXT), 'system') AS chain,
	p.event_id IS NOT NULL AS waits, FALSE AS gone
FROM audit_events e LEFT JOIN audit_pending p ON p.event_id = e.id
WHERE (e.pii_hash IS NOT NULL OR p.event_id IS NOT NULL)
	AND NOT EXISTS (SELECT 1 FROM audit_links l WHERE l.event_id = e.id)
	AND (p.event_id IS NULL OR e.timestamp < :before)
UNION ALL
SELECT p.event_id, p.chain, TRUE, TRUE
FROM audit_pending p
WHERE NOT EXISTS (SELECT 1 FROM audit_events e WHERE e.id = p.event_id)
ORDER BY chain, event_id
LIMIT :limit;
