-- Filling, what must differ: one host has the database.

-- name: fill_lock
SELECT 1 AS n;
