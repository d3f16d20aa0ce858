-- What hosts have leased of each limit: subject, kind and number of the window.

-- Up to $4 of what is left of the limit $5; no row when nothing is. `leased + n
-- <= limit` instead would lose the remainder.
-- name: quota_lease
INSERT INTO quota_leases (subject, kind, window_id, leased, granted, ends_at)
VALUES ($1, $2, $3,
	CASE WHEN CAST($4 AS BIGINT) < CAST($5 AS BIGINT)
		THEN CAST($4 AS BIGINT) ELSE CAST($5 AS BIGINT) END,
	CASE WHEN CAST($4 AS BIGINT) < CAST($5 AS BIGINT)
		THEN CAST($4 AS BIGINT) ELSE CAST($5 AS BIGINT) END, $6)
ON CONFLICT (subject, kind, window_id) DO UPDATE SET
	leased = quota_leases.leased + CASE
		WHEN CAST($4 AS BIGINT) < CAST($5 AS BIGINT) - quota_leases.leased
		THEN CAST($4 AS BIGINT) ELSE CAST($5 AS BIGINT) - quota_leases.leased END,
	granted = CASE
		WHEN CAST($4 AS BIGINT) < CAST($5 AS BIGINT) - quota_leases.leased
		THEN CAST($4 AS BIGINT) ELSE CAST($5 AS BIGINT) - quota_leases.leased END
WHERE quota_leases.leased < CAST($5 AS BIGINT)
RETURNING granted, leased;

-- name: quota_leased
SELECT leased
FROM quota_leases
WHERE subject = $1 AND kind = $2 AND window_id = $3;

-- name: quota_return
UPDATE quota_leases
SET leased = CASE WHEN leased > CAST($4 AS BIGINT) THEN leased - CAST($4 AS BIGINT) ELSE 0 END
WHERE subject = $1 AND kind = $2 AND window_id = $3;

-- name: quota_sweep
DELETE FROM quota_leases
WHERE ends_at <= $1 AND (subject, kind, window_id) IN (
	SELECT subject, kind, window_id FROM quota_leases
	WHERE ends_at <= $1 ORDER BY ends_at LIMIT 500);
