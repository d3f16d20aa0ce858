-- Known time, what must differ: the server has a clock of its own.

-- name: known_time_get
-- row: KnownTime
SELECT CAST(clock_timestamp() AS TIMESTAMPTZ(3)) AS server_now, k.known_at, k.host_id, k.host_ms
FROM (SELECT 1 AS id) o LEFT JOIN known_time k ON k.id = o.id;
