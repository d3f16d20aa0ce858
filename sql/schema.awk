# sql/schema.awk - one schema text for both dialects: from 0009 on a migration is
# written once, in sql/schema/, and its two expansions are committed, embedded
# (sql/embed.awk) and summed. tests/lint/sql_schema.t expands again and compares.
#
#   awk -v part=sqlite -f sql/schema.awk sql/schema/NNNN_name.sql >sql/sqlite/NNNN_name.sql
#   awk -v part=pgsql -f sql/schema.awk sql/schema/NNNN_name.sql >sql/pgsql/NNNN_name.sql
#   awk -v part=constraints -f sql/schema.awk /dev/null sql/schema/*.sql
#
# The source is written as for PostgreSQL, each column and constraint on a line of
# its own; SQLite gets its types, a CHECK in place of each type that it lacks, and
# STRICT. INET is any text in SQLite: what is bound has been judged. Besides:
#   -- says: FIELD: SENTENCE     before a PRIMARY KEY, UNIQUE or UNIQUE INDEX, which
#                                need it: what a client is told (store/constraint.c).
#                                It is in no expansion, so it may be mended later.
#   -- noted: COLUMN, ...        before a CREATE TABLE whose rows workers cache:
#                                a change of one of these, or a DELETE, is put into
#                                `changes` (0004); * is any column; may be repeated.
#   -- noted: none               before an ADD COLUMN to such a table: no cached
#                                credential has it. If one has, write the column and
#                                the triggers anew under -- only:.
#   -- only: sqlite|pgsql|both   what follows is for one dialect, until both.
# Anything doubtful ends with file:line: and a sentence, status 1. POSIX awk.

function fail(text) {
	printf "%s:%d: %s\n", FILENAME, FNR, text > "/dev/stderr"
	failed = 1
	exit 1
}

function put(dialect, text) {
	if (part == dialect)
		printf "%s", text
}

# What is spelled otherwise in SQLite, outside of a column's type.
function in_sqlite(text) {
	gsub(/ COLLATE "C"/, "", text)
	gsub(/clock_timestamp\(\)/, "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')", text)
	return text
}

function put_both(text) {
	put("pgsql", text)
	put("sqlite", text ~ /^--/ ? text : in_sqlite(text))
}

# --- types -------------------------------------------------------------------------

function add_type(name, sqlite, check) {
	types[++n_types] = name
	sqlite_type[name] = sqlite
	type_check[name] = check
}

# The type at the start of text, "NULL" and "DEFAULT" behind it stay.
function type_at(text,    i, t, after) {
	for (i = 1; i <= n_types; i++) {
		t = types[i]
		after = substr(text, length(t) + 1, 1)
		if (index(text, t) == 1 && (after == "" || index(" ,;\n", after)))
			return t
	}
	sub(/\n.*/, "", text)
	fail("not a type of both dialects: " text)
}

function sqlite_column(type, rest) {
	sub(/ DEFAULT TRUE/, " DEFAULT 1", rest)
	sub(/ DEFAULT FALSE/, " DEFAULT 0", rest)
	if (type == "TEXT[]")
		sub(/ DEFAULT '\{\}'/, " DEFAULT '[]'", rest)
	return sqlite_type[type] in_sqlite(rest)
}

function check_of(type, column,    text) {
	text = type_check[type]
	gsub(/@/, column, text)
	return text
}

# --- what a refused constraint says ----------------------------------------------------

function take_says(    text) {
	text = $0
	sub(/^[ \t]*-- says:[ \t]*/, "", text)
	if (says != "")
		fail("two -- says: for one constraint")
	if (text !~ /^[a-z_.]+: ./)
		fail("write -- says: FIELD: SENTENCE")
	if (text ~ /["\\]/)
		fail("a sentence has no quotes and no backslashes")
	says = text
}

# A constraint of these columns ("a, b") of a table; "" = none that says something.
function say(name, of, columns,    field) {
	if (columns == "") {
		if (says != "")
			fail("only a PRIMARY KEY or UNIQUE says something, " name " does not")
		return
	}
	if (says == "")
		fail(name " needs -- says: FIELD: SENTENCE before it")
	field = substr(says, 1, index(says, ":") - 1)
	gsub(/, */, ", " of ".", columns)
	put("constraints", sprintf("\t{ \"%s\", \"%s.%s\", \"%s\",\n\t  \"%s\" },\n", name, of, columns,
		field, substr(says, length(field) + 3)))
	says = ""
}

function between(text, open, close_,    from) {
	from = index(text, open)
	text = substr(text, from + length(open))
	return substr(text, 1, index(text, close_) - 1)
}

# --- tables ------------------------------------------------------------------------------

function start_table() {
	table = $3
	if ($0 !~ /^CREATE TABLE [a-z][a-z0-9_]* \($/)
		fail("write CREATE TABLE name (")
	n_items = n_columns = n_uniques = 0
	before = ""
	split("", is_reference)
	split("", is_column)
	split("", is_constraint)
	put_both($0 "\n")
}

function end_item() {
	if (n_items && item[n_items] !~ /,$/)
		fail("a comma is missing before this line")
	sub(/,$/, "", item[n_items])
}

function start_item() {
	end_item()
	item[++n_items] = $0
	comments[n_items] = before
	before = ""
}

function add_column(    text) {
	start_item()
	text = substr($0, 2)
	column[++n_columns] = $1
	column_item[n_columns] = n_items
	sub(/^[a-z0-9_]+ /, "", text)
	column_type[n_columns] = type_at(text)
	is_column[$1] = 1
	if (says != "")
		fail("only a PRIMARY KEY or UNIQUE says something, a column does not")
}

function add_constraint(    columns) {
	start_item()
	is_constraint[$2] = 1
	if (/ FOREIGN KEY \(/)
		is_reference[between($0, "(", ")")] = 1
	columns = / (PRIMARY KEY|UNIQUE) \(/ ? between($0, "(", ")") : ""
	say($2, table, columns)
	if (columns != "")
		unique[++n_uniques] = columns
}

# Constraints in place of types, in the order of the columns.
function generated(dialect,    i, c, type, text, name) {
	text = ""
	for (i = 1; i <= n_columns; i++) {
		c = column[i]
		type = column_type[i]
		name = table "_" c "_check"
		check = dialect == "sqlite" ? check_of(type, c) : \
			type == "JSONB" ? "jsonb_typeof(" c ") = 'object'" : ""
		if (check == "" || (type == "UUID" && (c in is_reference)))
			continue
		if (name in is_constraint)
			fail(name " is made from the type: give this one another name")
		text = text ",\n\tCONSTRAINT " name " CHECK (" check ")"
	}
	return text
}

function put_items(dialect,    i, c, text) {
	c = 1
	for (i = 1; i <= n_items; i++) {
		text = item[i]
		if (c <= n_columns && column_item[c] == i && dialect == "sqlite")
			text = "\t" column[c] " " sqlite_column(column_type[c],
				substr(text, length(column[c]) + 3 + length(column_type[c])))
		else if (dialect == "sqlite")
			text = in_sqlite(text)
		if (c <= n_columns && column_item[c] == i)
			c++
		put(dialect, comments[i] text (i < n_items ? ",\n" : ""))
	}
	put(dialect, generated(dialect) "\n")
}

# Whose range is another on PostgreSQL than on SQLite.
function check_ranges(    i, k, found) {
	for (i = 1; i <= n_columns; i++) {
		if (column_type[i] != "SMALLINT")
			continue
		found = 0
		for (k = 1; k <= n_items; k++)
			found = found || item[k] ~ ("CHECK \\(.*" column[i])
		if (!found)
			fail("a SMALLINT needs a CHECK of its range: " column[i])
	}
}

function end_table() {
	check_ranges()
	if (noted == "none")
		fail("-- noted: none stands before an ADD COLUMN")
	if (!n_items || item[n_items] ~ /,$/ || before != "")
		fail("a table ends with a column or constraint, without a comma")
	if (says != "")
		fail("no constraint follows -- says:")
	put_items("sqlite")
	put_items("pgsql")
	put("sqlite", ") STRICT;\n")
	put("pgsql", ");\n")
	if (noted != "")
		put_triggers()
	table = ""
}

# --- changes of cached rows ------------------------------------------------------------------

function sqlite_trigger(what, when, values) {
	put("sqlite", "CREATE TRIGGER " table "_changes_" what " " when " ON " table " BEGIN\n" \
		"\tINSERT INTO changes (position, subject, changed_at)\n" values ";\nEND;\n")
}

# Rows that INSERT OR REPLACE would take away.
function replaced(    i, k, n, parts, text, one) {
	text = ""
	for (i = 1; i <= n_uniques; i++) {
		n = split(unique[i], parts, /, */)
		one = ""
		for (k = 1; k <= n; k++)
			one = one (k > 1 ? " AND " : "") parts[k] " = NEW." parts[k]
		text = text (i > 1 ? " OR " : "") (n > 1 ? "(" one ")" : one)
	}
	return text
}

function put_triggers(    of, now, next_, i, n, names) {
	n = split(noted, names, /, */)
	for (i = 1; i <= n; i++)
		if (noted != "*" && !(names[i] in is_column))
			fail(table " has no column " names[i] " to be noted")
	if (!("id" in is_column))
		fail("changes are noted by id, and " table " has none")
	of = noted == "*" ? "" : " OF " noted
	now = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
	next_ = "\tSELECT COALESCE(max(position), 0) + 1, OLD.id, " now " FROM changes"
	sqlite_trigger("update", "AFTER UPDATE" of, next_)
	sqlite_trigger("delete", "AFTER DELETE", next_)
	# INSERT OR REPLACE deletes without a trigger, unless the connection has asked for it
	sqlite_trigger("replace", "BEFORE INSERT",
		"\tSELECT (SELECT COALESCE(max(position), 0) + 1 FROM changes), id, " now "\n" \
		"\tFROM " table " WHERE " replaced())
	put("pgsql", "CREATE TRIGGER " table "_changes AFTER UPDATE" of " OR DELETE ON " table "\n" \
		"\tFOR EACH ROW EXECUTE FUNCTION changes_add();\n" \
		"CREATE TRIGGER " table "_changes_all AFTER TRUNCATE ON " table "\n" \
		"\tFOR EACH STATEMENT EXECUTE FUNCTION changes_add_all();\n")
	is_noted[table] = 1
	noted = ""
}

# --- statements --------------------------------------------------------------------------------

function start_statement() {
	if (noted != "" && (noted != "none" || !/^ALTER TABLE [a-z0-9_]+ ADD COLUMN /))
		fail("-- noted: stands before a CREATE TABLE, -- noted: none before an ADD COLUMN")
	if (/ ADD COLUMN / && ($3 in is_noted) && noted != "none")
		fail("changes of " $3 " are noted by column: write -- noted: none before this, or its triggers anew")
	noted = ""
	statement = ""
	if (/^CREATE UNIQUE INDEX /) {
		if ($0 !~ /^CREATE UNIQUE INDEX [a-z0-9_]+ ON [a-z0-9_]+ \([a-z0-9_, ]+\)/)
			fail("write CREATE UNIQUE INDEX name ON table (column, ...)")
		if ($6 in is_noted)
			fail("changes of " $6 " are noted: write a UNIQUE constraint")
		say($4, $6, between($0, "(", ")"))
	} else if (/^CREATE (UNLOGGED |TEMP|TRIGGER|FUNCTION|OR )/) {
		fail("this is not the same in both dialects: write it under -- only:")
	} else if (/^ALTER / && !/^ALTER TABLE [a-z0-9_]+ (ADD COLUMN|DROP COLUMN|RENAME) /) {
		fail("this is not the same in both dialects: write it under -- only:")
	}
	if (says != "")
		fail("no constraint follows -- says:")
}

function put_added_column(text,    head, name, of, type, rest, check) {
	head = text
	sub(/ ADD COLUMN .*/, "", head)
	of = head
	sub(/^ALTER TABLE /, "", of)
	rest = substr(text, length(head) + length(" ADD COLUMN ") + 1)
	name = rest
	sub(/[^a-z0-9_].*/, "", name)
	rest = substr(rest, length(name) + 2)
	type = type_at(rest)
	rest = substr(rest, length(type) + 1)
	check = type == "UUID" && rest ~ / REFERENCES / ? "" : check_of(type, name)
	sub(/;\n$/, "", rest)
	put("pgsql", head " ADD COLUMN " name " " type rest)
	put("sqlite", head " ADD COLUMN " name " " sqlite_column(type, rest))
	if (check != "")
		put("sqlite", added_check(of, name, check))
	if (type == "JSONB")
		put("pgsql", added_check(of, name, "jsonb_typeof(" name ") = 'object'"))
	put("sqlite", ";\n")
	put("pgsql", ";\n")
}

function added_check(of, name, check) {
	return "\n\tCONSTRAINT " of "_" name "_check\n\t\tCHECK (" check ")"
}

function end_statement() {
	if (statement ~ /^ALTER TABLE [a-z0-9_]+ ADD COLUMN /)
		put_added_column(statement)
	else
		put_both(statement)
	statement = ""
}

BEGIN {
	if (part != "sqlite" && part != "pgsql" && part != "constraints") {
		print "say -v part=sqlite, pgsql or constraints" > "/dev/stderr"
		failed = 1
		exit 1
	}
	only = "both"
	add_type("TIMESTAMPTZ(3)", "TEXT", "@ GLOB '????-??-??T??:??:??.???Z'")
	add_type("TEXT[]", "TEXT", "json_valid(@) AND json_type(@) = 'array'")
	add_type("JSONB", "TEXT", "json_valid(@) AND json_type(@) = 'object'")
	add_type("UUID", "TEXT", "length(@) = 36")
	add_type("BOOLEAN", "INTEGER", "@ IN (0, 1)")
	add_type("TEXT", "TEXT", "")
	add_type("INET", "TEXT", "")
	add_type("BIGINT", "INTEGER", "")
	add_type("SMALLINT", "INTEGER", "")
	add_type("DOUBLE PRECISION", "REAL", "")
	add_type("BYTEA", "BLOB", "")
	# by column, in 0004
	is_noted["users"] = is_noted["api_keys"] = 1
}

FNR == 1 && (table != "" || statement != "" || only != "both" || says != "" || noted != "") {
	fail("the file before this one does not end as a migration does")
}
/^-- only:/ {
	if ($0 !~ /^-- only: (sqlite|pgsql|both)$/ || table != "" || statement != "")
		fail("write -- only: sqlite, pgsql or both, between statements")
	only = $3
	next
}
only != "both" {
	put(only, $0 "\n")
	next
}
/^[ \t]*-- says:/ {
	take_says()
	next
}
/^[ \t]*-- noted:/ {
	if (table != "" || statement != "" || $0 !~ /^-- noted: ([a-z0-9_]+,? ?)+$|^-- noted: \*$/)
		fail("write -- noted: COLUMN, ... or *, before a CREATE TABLE")
	sub(/^-- noted: */, "")
	sub(/,? *$/, "")
	noted = noted (noted == "" ? "" : ", ") $0
	next
}
table != "" {
	if (/^\t-- /)
		before = before $0 "\n"
	else if (/^\tCONSTRAINT [a-z0-9_]+ [A-Z]/)
		add_constraint()
	else if (/^\t[a-z][a-z0-9_]* [A-Z]/)
		add_column()
	else if (/^\t\t[^ \t]/ && n_items)
		item[n_items] = item[n_items] "\n" $0
	else if ($0 == ");")
		end_table()
	else
		fail("in a table each column, constraint and comment has a line of its own")
	next
}
statement == "" && /^(--.*)?$/ {
	put_both($0 "\n")
	next
}
statement == "" && /^CREATE TABLE / {
	start_table()
	next
}
{
	if (statement == "")
		start_statement()
	statement = statement $0 "\n"
	if (/;$/)
		end_statement()
}

END {
	if (failed)
		exit 1
	if (table != "" || statement != "" || only != "both" || says != "" || noted != "")
		fail("the file does not end as a migration does")
}
