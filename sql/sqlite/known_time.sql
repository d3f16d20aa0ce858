-- Known time, what must differ: SQLite has no clock but the host's.

-- name: known_time_get
-- row: KnownTime
SELECT NULL AS server_now, k.known_at, k.host_id, k.host_ms
FROM (SELECT 1 AS id) o LEFT JOIN known_time k ON k.id = o.id;
