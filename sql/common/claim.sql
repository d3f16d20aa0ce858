-- Claims: what a request with an Idempotency-Key takes before it makes something, and the
-- reply for those that repeat it (op/claim.h). owner_id and key_hash come from the
-- credential, as the scope of other rows does.

-- columns: claim = owner_id, key_hash, route, fingerprint, status, sealed_reply, event_id,
--	created_at, expires_at

-- No row is written while another request has it. One that has not committed is waited for.
-- name: claim_add
INSERT INTO idempotency_keys ({claim}) VALUES (:{claim})
ON CONFLICT (owner_id, key_hash) DO UPDATE SET route = excluded.route,
	fingerprint = excluded.fingerprint, status = excluded.status,
	sealed_reply = excluded.sealed_reply, event_id = excluded.event_id,
	created_at = excluded.created_at, expires_at = excluded.expires_at
WHERE idempotency_keys.expires_at <= excluded.created_at;

-- made: the id that the event names.
-- name: claim_find
-- row: Claim
SELECT {claim c}, e.target AS made
FROM idempotency_keys c LEFT JOIN audit_events e ON e.id = c.event_id
WHERE c.owner_id = :owner_id AND c.key_hash = :key_hash AND c.expires_at > :now;

-- name: claim_reply
UPDATE idempotency_keys SET status = :status, sealed_reply = :sealed_reply
WHERE owner_id = :owner_id AND key_hash = :key_hash;

-- Is there anything to sweep?
-- name: claim_old
SELECT CASE WHEN EXISTS (SELECT 1 FROM idempotency_keys WHERE expires_at <= :before)
	THEN 1 ELSE 0 END AS n;

-- name: claim_sweep
DELETE FROM idempotency_keys
WHERE expires_at <= :before AND (owner_id, key_hash) IN (SELECT owner_id, key_hash
	FROM idempotency_keys WHERE expires_at <= :before ORDER BY expires_at LIMIT 500);
