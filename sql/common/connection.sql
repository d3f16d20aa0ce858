-- Connections to providers. A row that has ended is nobody's any more: it waits for the
-- caller, who tells the provider and deletes it.

-- columns: connection = id, user_id, tenant_id, provider, app_id, provider_user_id, refresh_gen,
--	tokens_gen, connect_gen, phase, lease_until, state, reason, state_since, sealed_access,
--	sealed_refresh, key_id, token_type, expires_at, scopes_granted, scopes_asked, last_used_at,
--	refreshed_at, refresh_wanted, retry_at, attempts, refusals, first_refused_at, ended_at,
--	connected_at, created_at, updated_at

-- --- as their owners see them -----------------------------------------------------

-- name: connection_get
-- row: Connection
SELECT {connection}
FROM provider_connections
WHERE user_id = :scope_user AND (tenant_id = :scope_place OR :scope_places)
	AND provider = :provider AND ended_at IS NULL
ORDER BY state = 'unidentified', created_at DESC
LIMIT 1;

-- name: connection_list
-- row: Connection
SELECT {connection}
FROM provider_connections
WHERE user_id = :scope_user AND (tenant_id = :scope_place OR :scope_places) AND ended_at IS NULL
ORDER BY provider, created_at DESC;

-- name: connection_list_tenant
-- row: Connection
SELECT {connection}
FROM provider_connections
WHERE (tenant_id = :scope_tenant OR :scope_all) AND provider = :of_provider AND ended_at IS NULL
	AND (created_at, id) < (:before_at, :before_id)
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: connection_insert
INSERT INTO provider_connections ({connection}) VALUES (:{connection});

-- Other tokens in the same row. A caller that has claimed it loses the claim.
-- name: connection_replace
UPDATE provider_connections SET app_id = :app_id, provider_user_id = :provider_user_id,
	refresh_gen = refresh_gen + 1, tokens_gen = refresh_gen + 1, connect_gen = connect_gen + 1,
	phase = 'idle', lease_until = NULL, state = 'ok', reason = NULL,
	state_since = :updated_at, sealed_access = :sealed_access, sealed_refresh = :sealed_refresh,
	key_id = :key_id, token_type = :token_type, expires_at = :expires_at,
	scopes_granted = :scopes_granted, scopes_asked = :scopes_asked, refreshed_at = :refreshed_at,
	refresh_wanted = FALSE, retry_at = NULL, attempts = 0, refusals = 0, first_refused_at = NULL,
	connected_at = :connected_at, updated_at = :updated_at
WHERE id = :id AND connect_gen = :connect_gen AND tokens_gen = :tokens_gen AND ended_at IS NULL
	AND user_id = :scope_user AND (tenant_id = :scope_place OR :scope_places);

-- Another access token beside the refresh token that was read, which is sealed anew, and stays
-- with the application and the account that it is of. What is on its way for it goes on: its
-- answer is the only one that there will be.
-- name: connection_set_access
-- row: Connection
UPDATE provider_connections SET sealed_access = :sealed_access, sealed_refresh = :sealed_refresh,
	key_id = :key_id, token_type = :token_type, expires_at = :expires_at,
	scopes_granted = :scopes_granted, scopes_asked = :scopes_asked, refreshed_at = :refreshed_at,
	refresh_wanted = (refresh_wanted AND phase <> 'idle'),
	retry_at = CASE WHEN state = 'uncertain' AND retry_at < :expires_at THEN :expires_at ELSE retry_at END,
	state_since = CASE WHEN state = 'reauth_required' THEN :updated_at ELSE state_since END,
	reason = CASE WHEN state = 'reauth_required' THEN NULL ELSE reason END,
	refusals = CASE WHEN state = 'reauth_required' THEN 0 ELSE refusals END,
	first_refused_at = CASE WHEN state = 'reauth_required' THEN NULL ELSE first_refused_at END,
	state = CASE WHEN state = 'reauth_required' THEN 'ok' ELSE state END,
	connected_at = :connected_at, updated_at = :updated_at
WHERE id = :id AND sealed_refresh = :seen_refresh AND ended_at IS NULL
	AND user_id = :scope_user AND (tenant_id = :scope_place OR :scope_places)
RETURNING {connection};

-- Of one provider, or of all. A call that is under way has lost it: the caller can claim it
-- at once, to revoke it.
-- name: connection_end
UPDATE provider_connections SET ended_at = :now, connect_gen = connect_gen + 1, phase = 'idle',
	lease_until = NULL, reason = 'disconnected', retry_at = :now, attempts = 0, updated_at = :now
WHERE user_id = :scope_user AND (tenant_id = :scope_place OR :scope_places)
	AND ended_at IS NULL AND (:every OR provider = :provider);

-- --- with a tenant ------------------------------------------------------------------

-- name: tenant_end_connections
UPDATE provider_connections SET ended_at = :now, connect_gen = connect_gen + 1, phase = 'idle',
	lease_until = NULL, reason = 'disconnected', retry_at = :now, attempts = 0, updated_at = :now
WHERE tenant_id = :tenant_id AND (tenant_id = :scope_tenant OR :scope_all) AND ended_at IS NULL;

-- name: member_end_connections
UPDATE provider_connections SET ended_at = :now, connect_gen = connect_gen + 1, phase = 'idle',
	lease_until = NULL, reason = 'disconnected', retry_at = :now, attempts = 0, updated_at = :now
WHERE user_id = :user_id AND tenant_id = :tenant_id
	AND (tenant_id = :scope_tenant OR :scope_all) AND ended_at IS NULL;

-- Thirty days later: what no provider could be told of.
-- name: tenant_remove_connections
DELETE FROM provider_connections
WHERE id IN (SELECT id FROM provider_connections WHERE tenant_id = :tenant_id LIMIT 500);

-- --- as a caller sees them: of every user ---------------------------------------------

-- Held: neither the tenant nor the user's place in it ends before the transaction does.
-- name: connection_place_hold
UPDATE tenants SET version = version
WHERE id = :tenant_id AND is_active AND deleted_at IS NULL AND EXISTS (SELECT 1
	FROM tenant_users m JOIN users u ON u.id = m.user_id
	WHERE m.tenant_id = tenants.id AND m.user_id = :user_id AND u.user_status = 'active');

-- name: connection_by_id
-- row: Connection
SELECT {connection}
FROM provider_connections
WHERE id = :id;

-- Nothing came of it: again later. Of one that has ended, the reason says why it did.
-- name: connection_retry
UPDATE provider_connections SET phase = 'idle', lease_until = NULL, retry_at = :retry_at,
	attempts = attempts + 1, reason = CASE WHEN ended_at IS NULL THEN :reason ELSE reason END,
	updated_at = :now
WHERE id = :id AND refresh_gen = :refresh_gen AND connect_gen = :connect_gen;

-- Whose it is was said; it becomes the connection of its user, unless there is one: then
-- the row is that one's, which is in connection_replace.
-- name: connection_identify
UPDATE provider_connections SET provider_user_id = :provider_user_id, state = 'ok', reason = NULL,
	state_since = :now, phase = 'idle', lease_until = NULL, retry_at = NULL, attempts = 0,
	updated_at = :now
WHERE id = :id AND connect_gen = :connect_gen AND ended_at IS NULL AND state = 'unidentified';

-- The one that it would be a second one of.
-- name: connection_by_account
-- row: Connection
SELECT {connection}
FROM provider_connections
WHERE app_id = :app_id AND provider_user_id = :provider_user_id AND ended_at IS NULL
	AND state <> 'unidentified' AND id <> :id;

-- When it was to be tried again holds: an uncertain one has one attempt, at its end.
-- name: connection_want_refresh
UPDATE provider_connections SET refresh_wanted = TRUE, updated_at = :now
WHERE id = :id AND ended_at IS NULL AND sealed_refresh IS NOT NULL
	AND state NOT IN ('reauth_required', 'retired', 'unidentified');

-- Of one user elsewhere in the transaction of a caller.
-- name: connection_of_user
-- row: Connection
SELECT {connection}
FROM provider_connections
WHERE user_id = :user_id AND tenant_id = :tenant_id AND provider = :provider
	AND ended_at IS NULL AND state <> 'unidentified' AND id <> :id;

-- name: connection_end_one
UPDATE provider_connections SET ended_at = :now, connect_gen = connect_gen + 1,
	reason = 'not_connected', retry_at = :now, phase = 'idle', lease_until = NULL, attempts = 0,
	updated_at = :now
WHERE id = :id AND connect_gen = :connect_gen AND ended_at IS NULL;

-- Its tokens went into the row of their owner: it takes those from there, and has ended.
-- name: connection_set_aside
UPDATE provider_connections SET app_id = :app_id, provider_user_id = :provider_user_id,
	sealed_access = :sealed_access, sealed_refresh = :sealed_refresh, key_id = :key_id,
	token_type = :token_type, expires_at = :expires_at, ended_at = :updated_at,
	connect_gen = connect_gen + 1, reason = 'replaced', retry_at = :updated_at, phase = 'idle',
	lease_until = NULL, attempts = 0, updated_at = :updated_at
WHERE id = :id AND connect_gen = :connect_gen AND ended_at IS NULL;

-- name: connection_delete
DELETE FROM provider_connections
WHERE id = :id AND connect_gen = :connect_gen;

-- --- store/sealed.c ---------------------------------------------------------------------

-- name: connection_page
-- row: SealedRow
SELECT id AS row_id, tenant_id AS tenant_id,
	user_id AS bound_1, tenant_id AS bound_2, provider AS bound_3, key_id,
	sealed_access AS sealed_1, sealed_refresh AS sealed_2
FROM provider_connections
WHERE id > :after
ORDER BY id
LIMIT :limit;

-- name: connection_reseal
UPDATE provider_connections
SET sealed_access = :new_1, sealed_refresh = :new_2, key_id = :new_key_id
WHERE id = :row_id AND sealed_access = :sealed_1 AND (sealed_refresh = :sealed_2
		OR (sealed_refresh IS NULL AND CAST(:sealed_2 AS TEXT) IS NULL));

-- name: connection_count
SELECT count(*) AS n
FROM provider_connections
WHERE key_id = :key_id;
