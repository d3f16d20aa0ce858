-- What was asked of providers. Requests of one application take from its rows in one order,
-- that of subject, seconds and part, so none waits for another in a circle.

-- What applies to one subject or the other, now.
-- name: budget_list
-- row: BudgetRow
SELECT subject, part, seconds, window_id, used, ends_at
FROM budget_windows
WHERE subject IN (:app, :connection) AND ends_at > :now;

-- The provider wants nothing before :until. Never earlier than it has said already, unless
-- that was a mistake.
-- name: budget_shut
INSERT INTO budget_windows (subject, part, seconds, window_id, used, ends_at)
VALUES (:subject, 'shut', 0, 0, 0, :until)
ON CONFLICT (subject, part, seconds, window_id) DO UPDATE SET ends_at = excluded.ends_at
WHERE budget_windows.ends_at < excluded.ends_at OR budget_windows.ends_at > :longest;

-- What the provider has said counts no more.
-- name: budget_reopen
DELETE FROM budget_windows
WHERE subject = :subject AND part = 'shut';

-- name: budget_sweep
DELETE FROM budget_windows
WHERE ends_at <= :before AND (subject, part, seconds, window_id) IN (
	SELECT subject, part, seconds, window_id FROM budget_windows
	WHERE ends_at <= :before ORDER BY ends_at LIMIT 500);
