-- Limits by the week and the quarter, as PostgreSQL's migration of the tenants has
-- them. No stored row changes, so the text of the table is changed in place
-- (https://sqlite.org/lang_altertable.html, section 7).
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '(''hour'', ''day'', ''month'')',
	'(''hour'', ''day'', ''week'', ''month'', ''quarter'')')
WHERE type = 'table' AND name = 'quota_leases';
PRAGMA writable_schema = RESET;
-- A statement that makes other connections read the text again.
CREATE TABLE quota_leases_changed (id INTEGER) STRICT;
DROP TABLE quota_leases_changed;
