-- Applications at providers. Whose one is, is said by its owner: the statements with a
-- scope find that of one user, of one tenant, or of the server.

-- columns: provider_app = id, owner, user_id, tenant_id, provider, client_id, sealed_secret,
--	key_id, redirect_uri, scopes, state, reason, state_since, last_success_at, window_at,
--	window_answers, window_refusals, degraded_until, created_at, updated_at

-- name: provider_app_get
-- row: ProviderApp
SELECT {provider_app}
FROM provider_apps
WHERE (user_id = :scope_user OR tenant_id = :scope_tenant OR (owner = 'server' AND :scope_all))
	AND provider = :provider;

-- name: provider_app_list
-- row: ProviderApp
SELECT {provider_app}
FROM provider_apps
WHERE (user_id = :scope_user OR tenant_id = :scope_tenant OR (owner = 'server' AND :scope_all))
ORDER BY provider;

-- The one that a user connects with, in a tenant: the own one, that of the tenant, that of
-- the server.
-- name: provider_app_resolve
-- row: ProviderApp
SELECT {provider_app}
FROM provider_apps
WHERE provider = :provider
	AND (user_id = :scope_user OR tenant_id = :scope_place OR owner = 'server')
ORDER BY CASE owner WHEN 'user' THEN 1 WHEN 'tenant' THEN 2 ELSE 3 END
LIMIT 1;

-- name: provider_app_by_id
-- row: ProviderApp
SELECT {provider_app}
FROM provider_apps
WHERE id = :id;

-- Held for the length of the transaction.
-- name: provider_app_lock
-- row: ProviderApp
UPDATE provider_apps SET updated_at = updated_at
WHERE (user_id = :scope_user OR tenant_id = :scope_tenant OR (owner = 'server' AND :scope_all))
	AND provider = :provider
RETURNING {provider_app};

-- name: provider_app_insert
INSERT INTO provider_apps ({provider_app}) VALUES (:{provider_app});

-- name: provider_app_update
UPDATE provider_apps SET client_id = :client_id, sealed_secret = :sealed_secret, key_id = :key_id,
	redirect_uri = :redirect_uri, scopes = :scopes, state = 'ok', reason = NULL,
	state_since = :updated_at, updated_at = :updated_at
WHERE (user_id = :scope_user OR tenant_id = :scope_tenant OR (owner = 'server' AND :scope_all))
	AND provider = :provider;

-- name: provider_app_delete
DELETE FROM provider_apps
WHERE (user_id = :scope_user OR tenant_id = :scope_tenant OR (owner = 'server' AND :scope_all))
	AND provider = :provider;

-- Those that wait for their revocation too.
-- name: provider_app_uses
SELECT count(*) AS n
FROM provider_connections
WHERE app_id = :app_id;

-- Held, while it still is what a user was sent to the provider with.
-- name: provider_app_hold
UPDATE provider_apps SET updated_at = updated_at
WHERE id = :id AND client_id = :client_id;

-- By a caller: the provider does not accept it, as it was set when it was asked. A refresh
-- tries it now and then.
-- name: provider_app_break
UPDATE provider_apps SET state_since = CASE WHEN state = 'broken' THEN state_since ELSE :now END,
	state = 'broken', reason = :reason, degraded_until = :until
WHERE id = :id AND updated_at = :updated_at;

-- An operator has opened its budget again: what waits for that need not.
-- name: provider_app_reopen
UPDATE provider_connections SET retry_at = NULL, updated_at = :now
WHERE app_id = :app_id AND state = 'degraded' AND retry_at > :now AND ended_at IS NULL;

-- --- removal ------------------------------------------------------------------------

-- name: tenant_remove_apps
DELETE FROM provider_apps
WHERE id IN (SELECT id FROM provider_apps WHERE tenant_id = :tenant_id LIMIT 500);

-- --- store/sealed.c ---------------------------------------------------------------------

-- name: provider_app_page
-- row: SealedRow
SELECT id AS row_id, tenant_id AS tenant_id,
	user_id AS bound_1, tenant_id AS bound_2, provider AS bound_3, key_id,
	sealed_secret AS sealed_1, CAST(NULL AS TEXT) AS sealed_2
FROM provider_apps
WHERE id > :after
ORDER BY id
LIMIT :limit;

-- name: provider_app_reseal
UPDATE provider_apps
SET sealed_secret = :new_1, key_id = :new_key_id
WHERE id = :row_id AND sealed_secret = :sealed_1;

-- name: provider_app_count
SELECT count(*) AS n
FROM provider_apps
WHERE key_id = :key_id;
