-- Claims last by the clock of the database: that of another host may differ.

-- Those that want a refresh, and that no caller has; a few of each provider, so that one
-- that does not answer holds up no other. What can be refreshed no more takes no place; of
-- an application that is broken one is tried now and then.
-- name: refresh_list_due
-- row: Connection
SELECT {connection}
FROM provider_connections
WHERE id IN (SELECT id
	FROM (SELECT id, row_number() OVER (PARTITION BY provider ORDER BY expires_at) AS nth
		FROM provider_connections c
		WHERE refresh_wanted AND ended_at IS NULL AND sealed_refresh IS NOT NULL
			AND state NOT IN ('reauth_required', 'retired', 'unidentified')
			AND (retry_at IS NULL OR retry_at <= :now OR phase = 'sent')
			AND (phase = 'idle' OR lease_until < clock_timestamp())
			AND EXISTS (SELECT 1 FROM provider_apps a WHERE a.id = c.app_id
				AND (a.state = 'ok' OR a.degraded_until <= :now))) due
	WHERE nth <= :most)
ORDER BY expires_at;

-- Which of these wait for a refresh: what refresh_list_due lists, and what a caller has.
-- name: refresh_list_awaited
SELECT id
FROM provider_connections c
WHERE id = ANY (:ids) AND refresh_wanted AND ended_at IS NULL AND sealed_refresh IS NOT NULL
	AND state NOT IN ('reauth_required', 'retired', 'unidentified')
	AND (retry_at IS NULL OR retry_at <= :now OR phase <> 'idle')
	AND EXISTS (SELECT 1 FROM provider_apps a WHERE a.id = c.app_id
		AND (a.state = 'ok' OR a.degraded_until <= :now));

-- Others of an application that a caller has.
-- name: refresh_under_way
SELECT count(*) AS n
FROM provider_connections
WHERE app_id = :app_id AND id <> :id AND phase <> 'idle' AND lease_until >= clock_timestamp();

-- The refresh token leaves now. No row: it was ended, set anew, or claimed by another.
-- name: refresh_sent
UPDATE provider_connections SET phase = 'sent', lease_until = clock_timestamp() + interval '60 seconds',
	state_since = CASE WHEN state = 'ok' THEN :now ELSE state_since END,
	reason = CASE WHEN state = 'ok' THEN 'sent' ELSE reason END,
	state = CASE WHEN state = 'ok' THEN 'refreshing' ELSE state END
WHERE id = :id AND refresh_gen = :gen AND connect_gen = :connect_gen AND phase = 'claimed'
	AND ended_at IS NULL;
