-- Claims last by the clock of the database: that of another host may differ.

-- Take it for one call. No row: another caller has it, or has spent something.
-- name: connection_claim
-- row: ConnectionClaim
UPDATE provider_connections SET refresh_gen = refresh_gen + 1, phase = 'claimed',
	lease_until = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+60 seconds')
WHERE id = :id AND refresh_gen = :seen
	AND (phase = 'idle' OR (phase = 'claimed' AND lease_until < strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))
RETURNING refresh_gen, connect_gen;

-- Those that wait to be identified, or to be revoked, and that can be claimed; a few of each
-- provider, so that one that stalls, or that nobody knows, holds no place of another.
-- name: connection_pending
-- row: Connection
SELECT {connection}
FROM provider_connections
WHERE id IN (SELECT id
	FROM (SELECT id, row_number() OVER (PARTITION BY provider ORDER BY updated_at) AS nth
		FROM provider_connections
		WHERE (ended_at IS NOT NULL OR state = 'unidentified')
			AND (retry_at IS NULL OR retry_at <= :now)
			AND (phase = 'idle' OR (phase = 'claimed' AND lease_until < strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))) due
	WHERE nth <= :most)
ORDER BY updated_at;

-- Take a code, once: it is never tried again. updated_at stays when it came, as it lives no longer
-- than code_ttl of its provider.
-- name: connect_claim
-- row: ConnectState
UPDATE connect_states SET phase = 'sent',
	lease_until = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+60 seconds')
WHERE phase = 'called_back' AND id = :id
RETURNING {connect_state};

-- Codes whose caller died with them, or that none came for.
-- name: connect_list_lost
-- row: ConnectState
SELECT {connect_state}
FROM connect_states
WHERE (phase = 'sent' AND lease_until < strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
	OR (phase = 'called_back' AND expires_at <= :now)
LIMIT :limit;

-- One of them is given up. No row: it is none of them any more.
-- name: connect_lose
UPDATE connect_states SET phase = 'done', outcome = :outcome, message = :message, updated_at = :now,
	sealed_code = NULL, sealed_verifier = NULL, key_id = NULL
WHERE id = :id AND ((phase = 'sent' AND lease_until < strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
		OR (phase = 'called_back' AND expires_at <= :now));
