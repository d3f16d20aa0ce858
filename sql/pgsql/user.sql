-- What has another text than sql/sqlite/user.sql.

-- Other rows have the canonical key already.
-- name: user_list_not_ascii
SELECT id, email
FROM users
WHERE octet_length(email_key) <> length(email_key) OR email_key LIKE '%xn--%';
