-- The last moment at which the clock was confirmed.

-- Changes nothing when another process has moved it since it was read as :had;
-- NULL = there was none.
-- name: known_time_set
INSERT INTO known_time (id, known_at, host_id, host_ms)
VALUES (1, :known_at, :host_id, :host_ms)
ON CONFLICT (id) DO UPDATE SET known_at = excluded.known_at,
	host_id = excluded.host_id, host_ms = excluded.host_ms
WHERE known_time.known_at = :had;
