-- What has another text than sql/sqlite/user.sql.

-- Other rows have the canonical key already. Not by lengths: they are equal in a
-- database of LATIN1 or SQL_ASCII.
-- name: user_list_not_ascii
-- row: Spelling
SELECT id, email
FROM users
WHERE email_key ~ '[^ -~]' OR email_key LIKE '%xn--%';
