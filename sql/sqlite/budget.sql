-- One request of :limit; no row: it is used up.
-- name: budget_take
INSERT INTO budget_windows (subject, part, seconds, window_id, used, ends_at)
VALUES (:subject, :part, :seconds, :window_id, 1, :ends_at)
ON CONFLICT (subject, part, seconds, window_id) DO UPDATE SET used = budget_windows.used + 1
WHERE budget_windows.used < CAST(:limit AS BIGINT)
RETURNING used;
