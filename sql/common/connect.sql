-- Attempts to connect. A secret that was presented finds each: that of the link, then
-- state and cookie.

-- columns: connect_state = id, user_id, tenant_id, provider, app_id, phase, start_hash, state_hash,
--	cookie_hash, sealed_verifier, sealed_code, key_id, redirect_uri, scopes_asked,
--	scopes_granted, expires_at, lease_until, outcome, message, created_at, updated_at

-- name: connect_insert
INSERT INTO connect_states ({connect_state}) VALUES (:{connect_state});

-- A user has so many that are open, and then one more: the oldest go.
-- name: connect_bound
DELETE FROM connect_states
WHERE user_id = :user_id AND phase IN ('made', 'started') AND id NOT IN (SELECT id FROM connect_states
	WHERE user_id = :user_id AND phase IN ('made', 'started') ORDER BY created_at DESC, id DESC LIMIT :most);

-- name: connect_by_start
-- row: ConnectState
SELECT {connect_state}
FROM connect_states
WHERE start_hash = :start_hash;

-- name: connect_account
-- row: ConnectAccount
SELECT u.email, t.name AS tenant_name
FROM connect_states c JOIN users u ON u.id = c.user_id JOIN tenants t ON t.id = c.tenant_id
WHERE c.start_hash = :start_hash;

-- The link is spent: no row, it was before, or is too old.
-- name: connect_start
-- row: ConnectState
UPDATE connect_states SET phase = 'started', state_hash = :state_hash, cookie_hash = :cookie_hash,
	sealed_verifier = :sealed_verifier, key_id = :key_id, expires_at = :expires_at,
	updated_at = :now
WHERE start_hash = :start_hash AND phase = 'made' AND expires_at > :now
RETURNING {connect_state};

-- name: connect_by_state
-- row: ConnectState
SELECT {connect_state}
FROM connect_states
WHERE state_hash = :state_hash AND cookie_hash = :cookie_hash;

-- State and cookie are spent together: no row, they do not belong together, or were spent
-- before, or are too old; or the verifier was sealed again, and the code has its old data key.
-- name: connect_call_back
-- row: ConnectState
UPDATE connect_states SET phase = :phase, sealed_code = :sealed_code, key_id = :key_id,
	scopes_granted = :scopes_granted, outcome = :outcome,
	message = :message, updated_at = :now
WHERE state_hash = :state_hash AND cookie_hash = :cookie_hash AND phase = 'started'
	AND expires_at > :now AND (key_id = :key_id OR key_id IS NULL)
RETURNING {connect_state};

-- name: connect_get
-- row: ConnectState
SELECT {connect_state}
FROM connect_states
WHERE id = :id;

-- A few of each provider, as in connection_pending.
-- name: connect_waiting
-- row: ConnectState
SELECT {connect_state}
FROM connect_states
WHERE id IN (SELECT id
	FROM (SELECT id, row_number() OVER (PARTITION BY provider ORDER BY updated_at) AS nth
		FROM connect_states
		WHERE phase = 'called_back') due
	WHERE nth <= :most)
ORDER BY updated_at;

-- What it gave is stored. No row: it is already.
-- name: connect_save
UPDATE connect_states SET phase = 'saved', outcome = NULL, message = NULL, updated_at = :now,
	sealed_code = NULL, sealed_verifier = NULL, key_id = NULL, lease_until = NULL
WHERE id = :id AND (phase = 'sent' OR (phase = 'done' AND outcome = 'lost'));

-- name: connect_finish
UPDATE connect_states SET phase = 'done', outcome = :outcome, message = :message, updated_at = :now,
	sealed_code = NULL, sealed_verifier = NULL, key_id = NULL, lease_until = NULL
WHERE id = :id AND phase IN ('sent', 'saved');

-- name: connect_sweep
DELETE FROM connect_states
WHERE expires_at <= :before AND id IN (SELECT id FROM connect_states
	WHERE expires_at <= :before ORDER BY expires_at LIMIT 500);

-- name: connect_old
SELECT count(*) AS n
FROM (SELECT id FROM connect_states WHERE expires_at <= :before LIMIT 1) i;

-- name: tenant_remove_connects
DELETE FROM connect_states
WHERE id IN (SELECT id FROM connect_states WHERE tenant_id = :tenant_id LIMIT 500);

-- --- store/sealed.c ---------------------------------------------------------------------

-- name: connect_page
-- row: SealedRow
SELECT id AS row_id, tenant_id AS tenant_id,
	user_id AS bound_1, tenant_id AS bound_2, provider AS bound_3, key_id,
	sealed_verifier AS sealed_1, sealed_code AS sealed_2
FROM connect_states
WHERE id > :after AND key_id IS NOT NULL
ORDER BY id
LIMIT :limit;

-- name: connect_reseal
UPDATE connect_states
SET sealed_verifier = :new_1, sealed_code = :new_2, key_id = :new_key_id
WHERE id = :row_id AND (sealed_verifier = :sealed_1
		OR (sealed_verifier IS NULL AND CAST(:sealed_1 AS TEXT) IS NULL)) AND (sealed_code = :sealed_2
		OR (sealed_code IS NULL AND CAST(:sealed_2 AS TEXT) IS NULL));

-- name: connect_count
SELECT count(*) AS n
FROM connect_states
WHERE key_id = :key_id;
