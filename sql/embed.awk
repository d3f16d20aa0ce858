# sql/embed.awk - the closed set of SQL, as C.
#
#   sha256sum FILES | awk -v part=header|source -f sql/embed.awk - FILES
#
# FILES are sql/{common,sqlite,pgsql}/*.sql. NNNN_name.sql is a migration and is
# embedded whole; every other file holds statements, each under a heading
# `-- name: user_by_email`. Other comments are dropped, $1 becomes ?1 for SQLite.
# sql/sqlite/SET/NNNN_name.sql are the migrations of another kind of SQLite file:
# they make the catalog sql_SET_catalog, with the same statements. A statement
# that db_bulk() runs may be COPY ... FROM STDIN on PostgreSQL.
# A line `-- function: NAME` in a migration names a function of store/email.h, which
# runs after the text, in the same transaction.
# Anything doubtful ends the build with file:line: and a sentence. POSIX awk.

function fail(where, text) {
	printf "%s: %s\n", where, text > "/dev/stderr"
	failed = 1
	exit 1
}

# A C string literal; \? because ??- would be a trigraph.
function quoted(text,    i, c, out) {
	out = ""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c == "\t")
			c = "\\t"
		else if (c == "\\" || c == "\"" || c == "?")
			c = "\\" c
		out = out c
	}
	return "\"" out "\""
}

# Strip the comment, rewrite parameters, note the highest $n; "" when nothing is left.
function clean(line,    i, c, quote, out, n) {
	quote = ""
	out = ""
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		if (quote != "") {
			if (c == quote)
				quote = ""
		} else if (c == "'" || c == "\"") {
			quote = c
		} else if (c == "-" && substr(line, i, 2) == "--") {
			break
		} else if (c == ";" && substr(line, i + 1) !~ /^[ \t]*(--.*)?$/) {
			fail(where(), "more than one statement under a name")
		} else if (c == ";") {
			ending = 1
			break
		} else if (c == "?" && substr(line, i + 1, 1) ~ /[0-9]/) {
			fail(where(), "write parameters as $1, not ?1")
		} else if (c == "$" && match(substr(line, i + 1), /^[1-9][0-9]*/)) {
			n = substr(line, i + 1, RLENGTH) + 0
			seen[dialect, name, n] = 1
			if (n > highest[dialect, name] + 0)
				highest[dialect, name] = n
			out = out "\001"
			continue
		}
		out = out c
	}
	if (quote != "")
		fail(where(), "a quote does not end on its line")
	gsub(/[ \t\r]+$/, "", out)
	gsub(/^[ \t]+/, "", out)
	return out
}

function where() { return FILENAME ":" FNR }

function start_file(    base) {
	name = ""
	ending = 0
	dialect = FILENAME
	set = ""
	sub(/\/[^\/]*$/, "", dialect)
	if (dialect ~ /(^|\/)sqlite\/[a-z]+$/) {
		set = dialect
		sub(/^.*\//, "", set)
		sub(/\/[a-z]+$/, "", dialect)
	}
	sub(/^.*\//, "", dialect)
	if (dialect != "common" && dialect != "sqlite" && dialect != "pgsql")
		fail(FILENAME, "not in common/, sqlite/ or pgsql/")
	base = FILENAME
	sub(/^.*\//, "", base)
	sub(/\.sql$/, "", base)
	migration = base ~ /^[0-9][0-9][0-9][0-9]_[a-z0-9_]+$/
	if (migration)
		start_migration(base)
	else if (set != "")
		fail(FILENAME, "only migrations belong there")
}

function start_migration(base,    version) {
	if (dialect == "common")
		fail(FILENAME, "a migration belongs to sqlite/ and pgsql/")
	if (!(FILENAME in sum))
		fail(FILENAME, "sha256sum said nothing about it")
	version = substr(base, 1, 4) + 0
	m_set = set == "" ? dialect : set
	if ((m_set, version) in m_name)
		fail(FILENAME, "a second migration with this number")
	m_name[m_set, version] = substr(base, 6)
	m_sum[m_set, version] = sum[FILENAME]
	m_text[m_set, version] = ""
	m_now = version
	if (set != "" && !(set in s_last))
		sets[++s_count] = set
	if (set != "" && version > s_last[set] + 0)
		s_last[set] = version
	if (set == "" && version > m_last)
		m_last = version
}

function start_statement() {
	ending = 0
	name = $0
	sub(/^-- name:[ \t]*/, "", name)
	sub(/[ \t\r]+$/, "", name)
	if (name !~ /^[a-z][a-z0-9_]*$/)
		fail(where(), "bad name: " name)
	if ((dialect, name) in text)
		fail(where(), name " is there twice")
	text[dialect, name] = ""
	place[dialect, name] = where()
	if (!(name in known)) {
		known[name] = 1
		names[++count] = name
	}
}

# COPY t (a, b) FROM STDIN takes a value for each column, as db_bulk() gives them.
function count_columns(n,    columns) {
	columns = text["pgsql", n]
	if (columns !~ /^COPY [a-z_]+ \([a-z_, ]+\) FROM STDIN$/)
		return
	highest["pgsql", n] = gsub(/,/, "", columns) + 1
	for (columns = 1; columns <= highest["pgsql", n]; columns++)
		seen["pgsql", n, columns] = 1
}

function check_numbers(d, n,    i) {
	for (i = 1; i <= highest[d, n] + 0; i++)
		if (!((d, n, i) in seen))
			fail(place[d, n], n " has a gap: $" i " is not used")
	if (text[d, n] == "")
		fail(place[d, n], n " has no text")
}

function is_write(sql) {
	sql = " " toupper(sql)
	if (sql ~ /^ (INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER|COPY)[^A-Z_]/)
		return 1
	return sql ~ /^ WITH[^A-Z_]/ && sql ~ /[^A-Z_](INSERT INTO|DELETE FROM|UPDATE [A-Z_.]+( AS [A-Z_]+)? SET)[^A-Z_]/
}

function check_statement(n,    both) {
	if (("common", n) in text) {
		if (("sqlite", n) in text)
			fail(place["sqlite", n], n " is in common/ too")
		if (("pgsql", n) in text)
			fail(place["pgsql", n], n " is in common/ too")
		check_numbers("common", n)
		return
	}
	if (!(("sqlite", n) in text))
		fail(place["pgsql", n], n " is missing in sqlite/")
	if (!(("pgsql", n) in text))
		fail(place["sqlite", n], n " is missing in pgsql/")
	count_columns(n)
	check_numbers("sqlite", n)
	check_numbers("pgsql", n)
	if (highest["sqlite", n] + 0 != highest["pgsql", n] + 0)
		fail(place["pgsql", n], n " has other parameters than in sqlite/")
	if (is_write(text["sqlite", n]) != is_write(text["pgsql", n]))
		fail(place["pgsql", n], n " writes on one backend only")
}

function check_migrations(    v, i) {
	for (i = 1; i <= s_count; i++)
		for (v = 1; v <= s_last[sets[i]]; v++)
			if (!((sets[i], v) in m_name))
				fail("sql/sqlite/" sets[i], sprintf("migration %04d is missing", v))
	for (v = 1; v <= m_last; v++) {
		if (!(("sqlite", v) in m_name))
			fail("sql/sqlite", sprintf("migration %04d is missing", v))
		if (!(("pgsql", v) in m_name))
			fail("sql/pgsql", sprintf("migration %04d is missing", v))
		if (m_name["sqlite", v] != m_name["pgsql", v])
			fail("sql", sprintf("migration %04d has two names", v))
		if (m_function["sqlite", v] != m_function["pgsql", v])
			fail("sql", sprintf("migration %04d names a function on one backend only", v))
	}
}

function print_header(    i) {
	print "/* Made by sql/embed.awk from sql/; do not edit. */"
	print "#ifndef PIERRE_STORE_SQL_H\n#define PIERRE_STORE_SQL_H\n"
	print "#include \"db/catalog.h\"\n"
	print "enum sql_statement {"
	for (i = 1; i <= count; i++)
		printf "\tSQL_%s,\n", toupper(names[i])
	print "\tSQL__COUNT\n};\n"
	print "extern const struct db_catalog sql_catalog;"
	for (i = 1; i <= s_count; i++)
		printf "extern const struct db_catalog sql_%s_catalog;   /* SQLite only */\n", sets[i]
	print ""
	print "#endif"
}

function dialect_text(d, n,    t, sign) {
	sign = d == "sqlite" ? "?" : "$"
	t = ((d, n) in text) ? text[d, n] : text["common", n]
	gsub(/\001/, sign, t)
	return quoted(t)
}

function print_statements(    i, n, d) {
	print "static const struct db_statement statements[] = {"
	for (i = 1; i <= count; i++) {
		n = names[i]
		d = (("common", n) in text) ? "common" : "sqlite"
		printf "\t[SQL_%s] = {\n\t\t.name = \"%s\", .params = %d, .writes = %s,\n",
			toupper(n), n, highest[d, n] + 0, is_write(text[d, n]) ? "true" : "false"
		printf "\t\t.sql[DB_SQLITE] = %s,\n", dialect_text("sqlite", n)
		printf "\t\t.sql[DB_PGSQL] = %s,\n\t},\n", dialect_text("pgsql", n)
	}
	print "};\n"
}

function print_migrations(d, last,    v) {
	printf "static const struct db_migration %s_migrations[] = {\n", d
	for (v = 1; v <= last; v++)
		printf "\t{ %d, \"%s\",\n%s\t\t\"\",\n\t  \"%s\", %s },\n", v, m_name[d, v],
			m_text[d, v], m_sum[d, v],
			m_function[d, v] == "" ? "NULL" : m_function[d, v]
	print "};\n"
}

function print_catalog(name, sqlite, pgsql, last) {
	printf "const struct db_catalog %s = {\n", name
	print "\t.statements = statements,\n\t.n_statements = SQL__COUNT,\n\t.migrations = {"
	printf "\t\t[DB_SQLITE] = %s_migrations,\n", sqlite
	if (pgsql != "")
		printf "\t\t[DB_PGSQL] = %s_migrations,\n", pgsql
	printf "\t},\n\t.n_migrations = %d,\n\t.constraints = store_constraints,\n};\n", last
}

function print_source(    i) {
	print "/* Made by sql/embed.awk from sql/; do not edit. */"
	print "#include \"config.h\"\n\n#include \"store/constraint.h\"\n#include \"store/email.h\"\n#include \"store/sql.h\"\n"
	print_statements()
	print_migrations("sqlite", m_last)
	print_migrations("pgsql", m_last)
	for (i = 1; i <= s_count; i++)
		print_migrations(sets[i], s_last[sets[i]])
	print_catalog("sql_catalog", "sqlite", "pgsql", m_last)
	for (i = 1; i <= s_count; i++)
		print_catalog("sql_" sets[i] "_catalog", sets[i], "", s_last[sets[i]])
}

# the first input, "-": lines of sha256sum
FILENAME == "-" || FILENAME == "" {
	sum[$2] = $1
	next
}
FNR == 1 { start_file() }
migration && /^-- function:/ {
	if ($0 !~ /^-- function: migrate_[a-z0-9_]+$/)
		fail(where(), "write -- function: migrate_NAME")
	m_function[m_set, m_now] = $3
}
migration {
	m_text[m_set, m_now] = m_text[m_set, m_now] "\t\t" substr(quoted($0), 1, length(quoted($0)) - 1) "\\n\"\n"
	next
}
/^-- name:/ {
	start_statement()
	next
}
{
	ended = ending
	line = clean($0)
	if (line == "")
		next
	if (name == "")
		fail(where(), "text before the first `-- name:`")
	if (ended)
		fail(where(), "more than one statement under a name")
	text[dialect, name] = text[dialect, name] (text[dialect, name] == "" ? "" : " ") line
}

END {
	if (failed)
		exit 1
	if (!count)
		fail("sql", "no statements")
	for (i = 1; i <= count; i++)
		check_statement(names[i])
	check_migrations()
	if (part == "header")
		print_header()
	else
		print_source()
}
