-- Usage, what must differ: see sql/pgsql/usage.sql.

-- name: usage_row_insert
INSERT INTO usage_rows (requested_at, request_id, key_id, user_id, tenant_id, route,
	method, cost, ip_address, user_agent)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: usage_batch_insert
INSERT INTO usage_batches (month_at, part, body)
VALUES ($1, $2, $3);

-- name: usage_delta_insert
INSERT INTO usage_deltas (key_id, month_at, hour_at, route, requests, cost)
VALUES ($1, $2, $3, $4, $5, $6);

-- $4: by day, $5: by route.
-- name: usage_report
SELECT CASE WHEN $4 THEN substr(hour_at, 1, 10) || 'T00:00:00.000Z' ELSE hour_at END AS start_at,
	CASE WHEN $5 THEN route ELSE '' END AS label,
	sum(requests) AS requests, sum(cost) AS cost
FROM usage_counters
WHERE key_id = $1 AND hour_at >= $2 AND hour_at < $3
GROUP BY 1, 2
ORDER BY 1, 2;

-- A month is a file here: there is nothing to make or drop in it.
-- name: usage_month_make
SELECT CASE WHEN $1 = $2 AND $2 = $3 THEN 0 ELSE 0 END AS n;

-- name: usage_month_drop
SELECT CASE WHEN $1 = $2 THEN 0 ELSE 0 END AS n;
