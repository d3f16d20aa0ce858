# sql/embed.awk - the closed set of SQL, as C.
#
#   sha256sum FILES | awk -v part=header|source -f sql/embed.awk -f sql/emit.awk - FILES
#
# FILES are sql/{common,sqlite,pgsql}/*.sql. NNNN_name.sql is a migration and is
# embedded whole; every other file holds statements, each under a heading
# `-- name: user_by_email`. Other comments are dropped. Parameters are written
# `:user_id` and numbered in the order in which a statement names them first, alike
# for both dialects ($1, ?1); SQLite's are without COLLATE "C". What C knows of them is in include/db/args.h.
#
# `-- columns: key = id, user_id, name` names columns that are written often; the list
# goes on in the next line behind a comma. Then
#   {key}             is  id, user_id, name
#   {key k}           is  k.id, k.user_id, k.name
#   {key k as owner_} is  k.id AS owner_id, k.user_id AS owner_user_id, ...
#   :{key}            is  :id, :user_id, :name
# `-- row: ApiKey` below a heading says into what its rows are read: the columns are
# those of api_key_schema. `-- row: SessionRef, Owner`: one row into two structs, or three.
#
# sql/sqlite/SET/NNNN_name.sql are the migrations of another kind of SQLite file:
# they make the catalog sql_SET_catalog, with the same statements. A statement
# that db_bulk() runs may be COPY ... FROM STDIN on PostgreSQL.
# A line `-- function: NAME` in a migration names a function of store/email.h, which
# runs after the text, in the same transaction.
# emit.awk has what is written. Anything doubtful ends the build with file:line: and
# a sentence. POSIX awk.

function fail(where, text) {
	printf "%s: %s\n", where, text > "/dev/stderr"
	failed = 1
	exit 1
}

# Strip the comment, mark parameters as \001name\002 and columns as \003set\004;
# "" when nothing is left.
function clean(line,    i, c, quote, out, rest) {
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
		} else if ((c == "?" || c == "$") && substr(line, i + 1, 1) ~ /[0-9]/) {
			fail(where(), "write parameters as :name, not " c "1")
		} else if (c == ":" || c == "{") {
			rest = substr(line, i)
			if (match(rest, /^:?[{][a-z0-9_ ]+[}]/)) {
				out = out "\003" substr(rest, 1, RLENGTH) "\004"
				i += RLENGTH - 1
				continue
			}
			if (c == "{")
				fail(where(), "{ opens no list of columns: {set}, {set alias} or {set alias as prefix_}")
			if (match(rest, /^:[a-z][a-z0-9_]*/)) {
				out = out "\001" substr(rest, 2, RLENGTH - 1) "\002"
				i += RLENGTH - 1
				continue
			}
			if (match(rest, /^::/)) {   # a cast
				out = out "::"
				i++
				continue
			}
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

# --- columns and rows ---------------------------------------------------------

function add_columns(line) {
	sub(/[ \t\r]+$/, "", line)
	sub(/^[ \t]+/, "", line)
	columns[open_set] = columns[open_set] line
	if (line ~ /,$/)
		return
	if (columns[open_set] !~ /^[a-z][a-z0-9_]*(, *[a-z][a-z0-9_]*)*$/)
		fail(where(), "write -- columns: set = column, column")
	gsub(/, */, ",", columns[open_set])
	open_set = ""
}

function start_columns(    line) {
	line = $0
	sub(/^-- columns:[ \t]*/, "", line)
	if (!match(line, /^[a-z][a-z0-9_]* = /))
		fail(where(), "write -- columns: set = column, column")
	open_set = substr(line, 1, RLENGTH - 3)
	if (open_set in columns)
		fail(where(), "columns " open_set " are there twice")
	columns[open_set] = ""
	columns_place[open_set] = where()
	add_columns(substr(line, RLENGTH + 1))
}

# ApiKey -> api_key
function snake(name,    i, c, out) {
	out = ""
	for (i = 1; i <= length(name); i++) {
		c = substr(name, i, 1)
		out = out (c ~ /[A-Z]/ && i > 1 ? "_" : "") tolower(c)
	}
	return out
}

function start_row(    line) {
	line = $0
	sub(/^-- row:[ \t]*/, "", line)
	sub(/[ \t\r]+$/, "", line)
	if (name == "" || text[dialect, name] != "")
		fail(where(), "a row stands between the heading of a statement and its text")
	if (line !~ /^[A-Z][A-Za-z]*(, [A-Z][A-Za-z]*)?(, [A-Z][A-Za-z]*)?$/)
		fail(where(), "write -- row: Name, or up to three names")
	row[dialect, name] = line
}

# {key k as owner_} -> k.id AS owner_id, ...
function expanded(spec, n, d,    word, list, i, k, out) {
	k = split(substr(spec, index(spec, "{") + 1, length(spec) - index(spec, "{") - 1), word, " ")
	if (!(k == 1 || (spec !~ /^:/ && (k == 2 || (k == 4 && word[3] == "as")))))
		fail(place[d, n], n ": " spec " is none of {set}, {set alias}, {set alias as prefix_}, :{set}")
	if (!(word[1] in columns))
		fail(place[d, n], n ": no columns are named " word[1])
	columns_used[word[1]] = 1
	out = ""
	for (i = 1; i <= split(columns[word[1]], list, ","); i++) {
		out = out (i == 1 ? "" : ", ") (k > 1 ? word[2] "." : "")
		out = out (spec ~ /^:/ ? "\001" list[i] "\002" : list[i])
		out = out (k == 4 ? " AS " word[4] list[i] : "")
	}
	return out
}

function expand(d, n,    t, from, to) {
	t = text[d, n]
	while ((from = index(t, "\003")) > 0) {
		to = index(t, "\004")
		t = substr(t, 1, from - 1) expanded(substr(t, from + 1, to - from - 1), n, d) substr(t, to + 1)
	}
	text[d, n] = t
}

# --- parameters ---------------------------------------------------------------

function add_parameter(d, n, p) {
	if (p ~ /^(all|by_name[0-9]+)$/)
		fail(place[d, n], n ": :" p " cannot be a parameter: its union has a member of that name")
	if ((n, p) in number)
		return
	number[n, p] = ++count_of[n]
	parameter[n, count_of[n]] = p
}

# \001name\002 -> \001number, as the statement names them
function number_parameters(d, n,    t, p, from, to, out) {
	out = ""
	t = text[d, n]
	while ((from = index(t, "\001")) > 0) {
		to = index(t, "\002")
		p = substr(t, from + 1, to - from - 1)
		add_parameter(d, n, p)
		used[d, n, p] = 1
		out = out substr(t, 1, from) number[n, p]
		t = substr(t, to + 1)
	}
	text[d, n] = out t
}

# COPY t (a, b) FROM STDIN takes a value for each column, as db_bulk() gives them.
function copy_parameters(n,    list, t, i) {
	t = text["pgsql", n]
	if (t !~ /^COPY [a-z_]+ \([a-z_, ]+\) FROM STDIN$/)
		return
	gsub(/^.*\(|\).*$| /, "", t)
	for (i = 1; i <= split(t, list, ","); i++) {
		add_parameter("pgsql", n, list[i])
		used["pgsql", n, list[i]] = 1
	}
}

function check_text(d, n) {
	expand(d, n)
	if (text[d, n] == "")
		fail(place[d, n], n " has no text")
}

function is_write(sql) {
	sql = " " toupper(sql)
	if (sql ~ /^ (INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER|COPY)[^A-Z_]/)
		return 1
	return sql ~ /^ WITH[^A-Z_]/ && sql ~ /[^A-Z_](INSERT INTO|DELETE FROM|UPDATE [A-Z_.]+( AS [A-Z_]+)? SET)[^A-Z_]/
}

function check_statement(n,    i) {
	if (("common", n) in text) {
		if (("sqlite", n) in text)
			fail(place["sqlite", n], n " is in common/ too")
		if (("pgsql", n) in text)
			fail(place["pgsql", n], n " is in common/ too")
		check_text("common", n)
		number_parameters("common", n)
		return
	}
	if (!(("sqlite", n) in text))
		fail(place["pgsql", n], n " is missing in sqlite/")
	if (!(("pgsql", n) in text))
		fail(place["sqlite", n], n " is missing in pgsql/")
	check_text("sqlite", n)
	check_text("pgsql", n)
	copy_parameters(n)
	number_parameters("sqlite", n)
	number_parameters("pgsql", n)
	for (i = 1; i <= count_of[n]; i++)
		if (!(("sqlite", n, parameter[n, i]) in used) || !(("pgsql", n, parameter[n, i]) in used))
			fail(place["pgsql", n], n " has :" parameter[n, i] " on one backend only")
	if (row["sqlite", n] != row["pgsql", n])
		fail(place["pgsql", n], n " has another row than in sqlite/")
	if (is_write(text["sqlite", n]) != is_write(text["pgsql", n]))
		fail(place["pgsql", n], n " writes on one backend only")
}

function check_columns(    set) {
	for (set in columns)
		if (!(set in columns_used))
			fail(columns_place[set], "columns " set " are not used")
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
open_set != "" {
	if (sub(/^--/, "") != 1)
		fail(where(), "columns " open_set " end with a comma")
	add_columns($0)
	next
}
/^-- columns:/ {
	start_columns()
	next
}
/^-- row:/ {
	start_row()
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
	if (open_set != "")
		fail(columns_place[open_set], "columns " open_set " end with a comma")
	if (!count)
		fail("sql", "no statements")
	for (i = 1; i <= count; i++)
		check_statement(names[i])
	check_columns()
	check_migrations()
	if (part == "header")
		print_header()
	else
		print_source()
}
