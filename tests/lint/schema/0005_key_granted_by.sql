-- What an administrator granted is not for the owner of the key to widen.

-- Who made the key: `owner`, or else `admin` (an administrator, the shell, or not
-- known, as for rows that an older program writes beside this one).
-- noted: none
ALTER TABLE api_keys ADD COLUMN granted_by TEXT NOT NULL DEFAULT 'admin'
	CONSTRAINT api_keys_granted_by_check CHECK (granted_by IN ('owner', 'admin'));

-- Of keys that are there already, the audit tells who asked for them.
-- only: sqlite
UPDATE api_keys SET granted_by = 'owner'
WHERE (id, user_id) IN (SELECT target, user_id FROM audit_events
	WHERE event_type = 'ApiKeyCreated' AND source = 'rest');
-- only: pgsql
UPDATE api_keys SET granted_by = 'owner'
WHERE (CAST(id AS TEXT), user_id) IN (SELECT target, user_id FROM audit_events
	WHERE event_type = 'ApiKeyCreated' AND source = 'rest');
-- only: both
