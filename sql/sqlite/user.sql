-- What has another text than sql/pgsql/user.sql.

-- Other rows have the canonical key already.
-- name: user_list_not_ascii
-- row: Spelling
SELECT id, email
FROM users
WHERE length(CAST(email_key AS BLOB)) <> length(email_key) OR email_key LIKE '%xn--%';
