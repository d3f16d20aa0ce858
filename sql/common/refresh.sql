-- Refreshes of connections, by callers; the steps are in include/op/refresh.h. refresh_gen
-- says who may call, tokens_gen whose answer is stored.

-- Those that end soon and are in use.
-- name: refresh_ahead
UPDATE provider_connections SET refresh_wanted = TRUE
WHERE provider = :provider AND expires_at <= :soon AND refreshed_at <= :settled AND last_used_at >= :used_since
	AND NOT refresh_wanted AND ended_at IS NULL AND app_id IS NOT NULL
	AND sealed_refresh IS NOT NULL
	AND state IN ('ok', 'degraded', 'uncertain');

-- A request needs them.
-- name: refresh_ask
UPDATE provider_connections SET refresh_wanted = (refresh_wanted OR :wanted), last_used_at = :now
WHERE id = :id AND user_id = :scope_user AND (tenant_id = :scope_place OR :scope_places)
	AND ended_at IS NULL;

-- Held for the length of the transaction.
-- name: refresh_hold_app
UPDATE provider_apps SET updated_at = updated_at
WHERE id = :app_id;

-- New tokens, from now or from a spool that was found later. Whose claim it is does not
-- matter: what is newer than that which is stored is stored. A database that was put back from a
-- backup, or a replica that lagged, has lost the claim: it is counted again here, or the next
-- claim would have the same number and its answer be too old; and where that has come about, the
-- later one of two answers is the newer one.
-- name: refresh_write
UPDATE provider_connections SET sealed_access = :sealed_access, sealed_refresh = :sealed_refresh,
	key_id = :key_id, expires_at = :expires_at,
	scopes_granted = CASE WHEN :has_scopes THEN :scopes_granted ELSE scopes_granted END,
	refresh_gen = CASE WHEN refresh_gen < :gen THEN :gen ELSE refresh_gen END,
	tokens_gen = :gen, refreshed_at = :refreshed_at,
	state_since = CASE WHEN state = 'ok' THEN state_since ELSE :now END,
	state = 'ok', reason = NULL, refresh_wanted = FALSE, retry_at = NULL, attempts = 0,
	refusals = 0, first_refused_at = NULL,
	phase = CASE WHEN refresh_gen <= :gen THEN 'idle' ELSE phase END,
	lease_until = CASE WHEN refresh_gen <= :gen THEN NULL ELSE lease_until END,
	updated_at = :now
WHERE id = :id AND connect_gen = :connect_gen AND ended_at IS NULL
	AND (tokens_gen < :gen OR (tokens_gen = :gen AND refreshed_at < :refreshed_at));

-- A claim that brought nothing, while nothing else came: what this call says is about the
-- tokens that it was made with.
-- name: refresh_end
UPDATE provider_connections SET phase = 'idle', lease_until = NULL,
	state_since = CASE WHEN state = :state THEN state_since ELSE :now END,
	state = :state, reason = :reason, refresh_wanted = :wanted, retry_at = :retry_at,
	attempts = :attempts, refusals = :refusals, first_refused_at = :first_refused_at,
	updated_at = :now
WHERE id = :id AND refresh_gen = :gen AND connect_gen = :connect_gen AND tokens_gen = :tokens_gen
	AND phase <> 'idle' AND ended_at IS NULL;

-- The claim alone: newer tokens were found in a spool meanwhile.
-- name: refresh_release
UPDATE provider_connections SET phase = 'idle', lease_until = NULL, updated_at = :now
WHERE id = :id AND refresh_gen = :gen AND connect_gen = :connect_gen AND phase <> 'idle'
	AND ended_at IS NULL;

-- One more answer of the window that began after :window_begin. An application whose
-- connections get tokens is not broken.
-- name: refresh_count
-- row: ProviderApp
UPDATE provider_apps SET
	window_answers = CASE WHEN window_at > :window_begin THEN window_answers + 1 ELSE 1 END,
	window_refusals = CASE WHEN window_at > :window_begin THEN window_refusals ELSE 0 END
		+ CASE WHEN :refused THEN 1 ELSE 0 END,
	window_at = CASE WHEN window_at > :window_begin THEN window_at ELSE :now END,
	last_success_at = CASE WHEN :refused THEN last_success_at ELSE :now END,
	state_since = CASE WHEN :refused OR state = 'ok' THEN state_since ELSE :now END,
	reason = CASE WHEN :refused THEN reason ELSE NULL END,
	state = CASE WHEN :refused THEN state ELSE 'ok' END
WHERE id = :id
RETURNING {provider_app};

-- name: refresh_degrade
UPDATE provider_apps SET degraded_until = :until
WHERE id = :id;

-- name: refresh_others
SELECT count(*) AS n
FROM provider_connections
WHERE app_id = :app_id AND ended_at IS NULL AND id <> :id;
