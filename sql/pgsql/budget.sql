-- One request of :limit; no row: it is used up. The COMMIT does not wait for the disk: each request
-- to a provider is one, in the workers that answer /verify, and what a crash of the server loses
-- is the count of its last half second. The provider then refuses sooner, which shuts the budget.
-- name: budget_take
INSERT INTO budget_windows (subject, part, seconds, window_id, used, ends_at)
VALUES (:subject, :part, :seconds, :window_id, 1, :ends_at)
ON CONFLICT (subject, part, seconds, window_id) DO UPDATE SET used = budget_windows.used + 1
WHERE budget_windows.used < CAST(:limit AS BIGINT)
RETURNING CASE WHEN set_config('synchronous_commit', 'off', TRUE) = 'off' THEN used END;
