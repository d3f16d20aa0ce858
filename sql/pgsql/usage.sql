-- Usage, what must differ: many rows come by COPY (db_bulk), and months are
-- partitions, made and dropped by functions of the schema.

-- name: usage_row_insert
COPY usage_rows (requested_at, request_id, key_id, user_id, tenant_id, route,
	method, cost, ip_address, user_agent) FROM STDIN;

-- name: usage_batch_insert
COPY usage_batches (month_at, part, body) FROM STDIN;

-- name: usage_delta_insert
COPY usage_deltas (key_id, month_at, hour_at, route, requests, cost) FROM STDIN;

-- $4: by day, $5: by route.
-- name: usage_report
SELECT CASE WHEN CAST($4 AS BOOLEAN) THEN date_trunc('day', hour_at, 'UTC') ELSE hour_at END AS start_at,
	CASE WHEN CAST($5 AS BOOLEAN) THEN route ELSE '' END AS label,
	CAST(sum(requests) AS BIGINT) AS requests, CAST(sum(cost) AS BIGINT) AS cost
FROM usage_counters
WHERE key_id = $1 AND hour_at >= $2 AND hour_at < $3
GROUP BY 1, 2
ORDER BY 1, 2;

-- Suffix of the partitions' names, start, end.
-- name: usage_month_make
SELECT usage_month_make($1, $2, $3) AS n;

-- Suffix and start of the first month that stays.
-- name: usage_month_drop
SELECT usage_month_drop($1, $2) AS n;
