-- What hosts have leased of each limit: subject, kind and number of the window.

-- Up to :asked of what is left of :limit; no row when nothing is. `leased + n
-- <= limit` instead would lose the remainder.
-- name: quota_lease
INSERT INTO quota_leases (subject, kind, window_id, leased, granted, ends_at)
VALUES (:subject, :kind, :window_id,
	CASE WHEN CAST(:asked AS BIGINT) < CAST(:limit AS BIGINT)
		THEN CAST(:asked AS BIGINT) ELSE CAST(:limit AS BIGINT) END,
	CASE WHEN CAST(:asked AS BIGINT) < CAST(:limit AS BIGINT)
		THEN CAST(:asked AS BIGINT) ELSE CAST(:limit AS BIGINT) END, :ends_at)
ON CONFLICT (subject, kind, window_id) DO UPDATE SET
	leased = quota_leases.leased + CASE
		WHEN CAST(:asked AS BIGINT) < CAST(:limit AS BIGINT) - quota_leases.leased
		THEN CAST(:asked AS BIGINT) ELSE CAST(:limit AS BIGINT) - quota_leases.leased END,
	granted = CASE
		WHEN CAST(:asked AS BIGINT) < CAST(:limit AS BIGINT) - quota_leases.leased
		THEN CAST(:asked AS BIGINT) ELSE CAST(:limit AS BIGINT) - quota_leases.leased END
WHERE quota_leases.leased < CAST(:limit AS BIGINT)
RETURNING granted, leased;

-- name: quota_leased
SELECT leased
FROM quota_leases
WHERE subject = :subject AND kind = :kind AND window_id = :window_id;

-- name: quota_return
UPDATE quota_leases
SET leased = CASE WHEN leased > CAST(:n AS BIGINT) THEN leased - CAST(:n AS BIGINT) ELSE 0 END
WHERE subject = :subject AND kind = :kind AND window_id = :window_id;

-- name: quota_sweep
DELETE FROM quota_leases
WHERE ends_at <= :before AND (subject, kind, window_id) IN (
	SELECT subject, kind, window_id FROM quota_leases
	WHERE ends_at <= :before ORDER BY ends_at LIMIT 500);
