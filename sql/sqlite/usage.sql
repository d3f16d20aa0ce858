-- Usage, what must differ: see sql/pgsql/usage.sql.

-- name: usage_row_insert
INSERT INTO usage_rows ({usage_row}) VALUES (:{usage_row});

-- name: usage_batch_insert
INSERT INTO usage_batches ({usage_batch}) VALUES (:{usage_batch});

-- name: usage_delta_insert
INSERT INTO usage_deltas ({usage_delta}) VALUES (:{usage_delta});

-- name: usage_report
-- row: UsageBucket
SELECT CASE WHEN :daily THEN substr(hour_at, 1, 10) || 'T00:00:00.000Z' ELSE hour_at END AS start_at,
	CASE WHEN :by_route THEN route ELSE '' END AS label,
	sum(requests) AS requests, sum(cost) AS cost
FROM usage_counters
WHERE key_id = :key_id AND hour_at >= :from_at AND hour_at < :to_at
GROUP BY 1, 2
ORDER BY 1, 2;

-- A month is a file here: there is nothing to make or drop in it.
-- name: usage_month_make
SELECT CASE WHEN :suffix = :start_at AND :start_at = :end_at THEN 0 ELSE 0 END AS n;

-- name: usage_month_drop
SELECT CASE WHEN :suffix = :start_at THEN 0 ELSE 0 END AS n;
