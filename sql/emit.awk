# sql/emit.awk - the C that sql/embed.awk makes of what it has read and checked.

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

# Before each parameter a member that takes no value, so that none comes by position.
function print_union(n,    i, size) {
	size = count_of[n] ? count_of[n] : 1
	printf "union sql_%s {\n", n
	if (count_of[n])
		print "\tstruct {"
	for (i = 1; i <= count_of[n]; i++)
		printf "\t\tstruct { } by_name%d; struct db_value %s;\n", i, parameter[n, i]
	if (count_of[n])
		print "\t};"
	printf "\tstruct db_value all[%d];\n};\n", size
	printf "_Static_assert(sizeof(union sql_%s) == %d * sizeof(struct db_value), \"%s\");\n",
		n, size, n
	printf "enum { SQL_%s = SQL_%s, SQL_%s_PARAMS = %d };\n\n", n, toupper(n), n, count_of[n]
}

function print_header(    i) {
	print "/* Made by sql/embed.awk from sql/; do not edit. */"
	print "#ifndef PIERRE_STORE_SQL_H\n#define PIERRE_STORE_SQL_H\n"
	print "#include \"db/args.h\"\n"
	print "enum sql_statement {"
	for (i = 1; i <= count; i++)
		printf "\tSQL_%s,\n", toupper(names[i])
	print "\tSQL__COUNT\n};\n"
	print "extern const struct db_catalog sql_catalog;"
	for (i = 1; i <= s_count; i++)
		printf "extern const struct db_catalog sql_%s_catalog;   /* SQLite only */\n", sets[i]
	print ""
	for (i = 1; i <= count; i++)
		print_union(names[i])
	print "#endif"
}

function dialect_text(d, n,    t, sign) {
	sign = d == "sqlite" ? "?" : "$"
	t = ((d, n) in text) ? text[d, n] : text["common", n]
	if (d == "sqlite")   # which compares bytes unless it is told otherwise
		gsub(/ COLLATE "C"/, "", t)
	gsub(/\001/, sign, t)
	return quoted(t)
}

function row_of(n) {
	return ("common", n) in row ? row["common", n] : row["sqlite", n]
}

function print_schemas(    i, k, list, seen) {
	for (i = 1; i <= count; i++)
		for (k = 1; k <= split(row_of(names[i]), list, ", "); k++)
			if (!(list[k] in seen)) {
				seen[list[k]] = 1
				printf "extern const struct field_schema %s_schema;\n", snake(list[k])
			}
	print ""
}

function print_rows(n,    k, list) {
	for (k = 1; k <= split(row_of(n), list, ", "); k++)
		printf "\t\t.rows[%d] = &%s_schema,\n", k - 1, snake(list[k])
}

function print_statements(    i, j, n, d) {
	print_schemas()
	print "static const struct db_statement statements[] = {"
	for (i = 1; i <= count; i++) {
		n = names[i]
		d = (("common", n) in text) ? "common" : "sqlite"
		printf "\t[SQL_%s] = {\n\t\t.name = \"%s\", .params = %d, .writes = %s,\n",
			toupper(n), n, count_of[n], is_write(text[d, n]) ? "true" : "false"
		printf "\t\t.sql[DB_SQLITE] = %s,\n", dialect_text("sqlite", n)
		printf "\t\t.sql[DB_PGSQL] = %s,\n", dialect_text("pgsql", n)
		if (count_of[n]) {
			printf "\t\t.names = (const char *const[]){ "
			for (j = 1; j <= count_of[n]; j++)
				printf "\"%s\", ", parameter[n, j]
			print "},"
		}
		print_rows(n)
		print "\t},"
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
