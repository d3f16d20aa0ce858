-- Usage: rows, how far rings are recorded, counters. On SQLite in a file a
-- month, on PostgreSQL in partitions.

-- columns: usage_row = requested_at, request_id, key_id, user_id, tenant_id, route, method,
--	cost, ip_address, user_agent
-- columns: usage_batch = month_at, part, body
-- columns: usage_delta = key_id, month_at, hour_at, route, requests, cost

-- name: usage_position
SELECT seq
FROM usage_positions
WHERE month_at = :month_at AND host_id = :host_id AND ring = :ring;

-- Changes nothing when another process has moved it since it was read as :had: the
-- server may still be at the COMMIT of a recorder that was killed.
-- name: usage_position_set
INSERT INTO usage_positions (month_at, host_id, ring, seq)
VALUES (:month_at, :host_id, :ring, :seq)
ON CONFLICT (month_at, host_id, ring) DO UPDATE SET seq = excluded.seq
WHERE usage_positions.seq = :had;

-- Take the texts that are not counted yet. A key is always in the same part, so two
-- recorders that count at once wait here for each other.
-- name: usage_batch_take
DELETE FROM usage_batches
WHERE month_at = :month_at AND part = :part
RETURNING body;

-- Months in which something is not yet counted.
-- name: usage_batch_months
SELECT DISTINCT month_at
FROM usage_batches;

-- Insert the new labels, as long as there are fewer than 100.
-- name: usage_routes_extend
INSERT INTO usage_routes (key_id, month_at, route)
SELECT n.key_id, n.month_at, n.route
FROM (SELECT d.key_id, d.month_at, d.route,
		row_number() OVER (PARTITION BY d.key_id, d.month_at ORDER BY d.route)
		+ (SELECT count(*) FROM usage_routes k
			WHERE k.key_id = d.key_id AND k.month_at = d.month_at) AS place
	FROM (SELECT DISTINCT key_id, month_at, route FROM usage_deltas
		WHERE route <> 'other') d
	WHERE NOT EXISTS (SELECT 1 FROM usage_routes r
		WHERE r.key_id = d.key_id AND r.month_at = d.month_at AND r.route = d.route)) n
WHERE n.place <= 100
ON CONFLICT DO NOTHING;

-- name: usage_counters_add
INSERT INTO usage_counters (key_id, hour_at, route, requests, cost)
SELECT d.key_id, d.hour_at, COALESCE(r.route, 'other'), sum(d.requests), sum(d.cost)
FROM usage_deltas d LEFT JOIN usage_routes r
	ON r.key_id = d.key_id AND r.month_at = d.month_at AND r.route = d.route
WHERE d.requests > 0
GROUP BY d.key_id, d.hour_at, COALESCE(r.route, 'other')
ON CONFLICT (key_id, hour_at, route) DO UPDATE SET
	requests = usage_counters.requests + excluded.requests,
	cost = usage_counters.cost + excluded.cost;

-- name: usage_total
SELECT CAST(COALESCE(sum(requests), 0) AS BIGINT) AS n
FROM usage_counters
WHERE key_id = :key_id AND hour_at >= :from_at AND hour_at < :to_at;

-- name: usage_deltas_clear
DELETE FROM usage_deltas;
