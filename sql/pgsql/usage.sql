-- Usage, what must differ: many rows come by COPY (db_bulk), and months are
-- partitions, made and dropped by functions of the schema.

-- name: usage_row_insert
COPY usage_rows ({usage_row}) FROM STDIN;

-- name: usage_batch_insert
COPY usage_batches ({usage_batch}) FROM STDIN;

-- name: usage_delta_insert
COPY usage_deltas ({usage_delta}) FROM STDIN;

-- name: usage_report
-- row: UsageBucket
SELECT CASE WHEN CAST(:daily AS BOOLEAN) THEN date_trunc('day', hour_at, 'UTC') ELSE hour_at END AS start_at,
	CASE WHEN CAST(:by_route AS BOOLEAN) THEN route ELSE '' END AS label,
	CAST(sum(requests) AS BIGINT) AS requests, CAST(sum(cost) AS BIGINT) AS cost
FROM usage_counters
WHERE key_id = :key_id AND hour_at >= :from_at AND hour_at < :to_at
GROUP BY 1, 2
ORDER BY 1, 2;

-- Suffix of the partitions' names.
-- name: usage_month_make
SELECT usage_month_make(:suffix, :start_at, :end_at) AS n;

-- Of the first month that stays.
-- name: usage_month_drop
SELECT usage_month_drop(:suffix, :start_at) AS n;
