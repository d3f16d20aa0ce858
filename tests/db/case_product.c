/*
 * tests/db/case_product.c - the product's own schema and closed set of SQL:
 * every migration runs, every statement is accepted on this backend, and what is
 * read into a struct has the columns of its fields.
 *
 * A statement runs with NULL for each value, inside a transaction that is
 * rolled back. Whether a NOT NULL column objects is not the question; whether
 * the text can be prepared and its parameters have types, is. On SQLite each
 * statement belongs to one of several kinds of file.
 */
#include "config.h"

#include <string.h>
#ifdef HAVE_PGSQL
#include <libpq-fe.h>
#endif
#ifdef HAVE_SQLITE
#include <sqlite3.h>
#endif

#include "base/str.h"
#include "db/db_core.h"
#include "store/sql.h"
#include "tests/db/contract.h"

enum { TIMEOUT_MS = 20000, MOST_PARAMS = 64, MOST_COLUMNS = 64 };

static const struct { const char *suffix; const struct db_catalog *catalog; } beside[] = {
	{ ".quota", &sql_quota_catalog },
	{ ".usage-2026-11", &sql_usage_catalog },
};
#define N_FILES (1 + sizeof(beside) / sizeof(beside[0]))

struct attempt { int stmt; enum db_rc rc; struct err err; };

static bool is_bulk(int stmt)
{
	return strncmp(sql_catalog.statements[stmt].sql[DB_PGSQL], "COPY ", 5) == 0;
}

static bool run_with_nulls(struct db *db, void *arg, struct err *err_r)
{
	struct db_value nulls[MOST_PARAMS];
	struct attempt *a = arg;

	for (size_t i = 0; i < MOST_PARAMS; i++)
		nulls[i] = db_null();
	if (is_bulk(a->stmt)) {
		a->rc = db_bulk(db, a->stmt, nulls, sql_catalog.statements[a->stmt].params, 1,
				&a->err) ? DB_OK : DB_ERROR;
		return err_set(err_r, ERR_FORBIDDEN, "Rolled back");
	}
	a->rc = db_query(db, a->stmt, nulls, sql_catalog.statements[a->stmt].params, &a->err);
	for (enum db_rc rc = a->rc; rc == DB_ROW;)
		rc = db_next(db, &a->err);
	return err_set(err_r, ERR_FORBIDDEN, "Rolled back");
}

/* "NOT NULL constraint failed", "violates not-null constraint"; SQLite calls
 * LIMIT NULL a mismatch, after it has prepared the statement; on PostgreSQL no
 * partition takes NULL, and a name made of it is refused (22004) */
static bool accepted(const struct attempt *a)
{
	static const char *const others[] = {
		"constraint", "datatype mismatch", "no partition of relation", "SQLSTATE 22004",
	};
	bool good = a->rc == DB_OK || a->rc == DB_ROW || a->rc == DB_CONFLICT;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		good |= strstr(a->err.message, others[i]) != NULL;
	return good;
}

static bool try_statement(struct db *db, int stmt, struct attempt *a)
{
	struct err e = { 0 };

	*a = (struct attempt){ .stmt = stmt };
	return !db_transaction(db, run_with_nulls, a, &e) && accepted(a);
}

static void statements(struct db *const *files, size_t n)
{
	for (int i = 0; i < (int)sql_catalog.n_statements; i++) {
		struct attempt first, a;
		bool good = try_statement(files[0], i, &first);

		for (size_t k = 1; k < n && !good; k++)
			good = try_statement(files[k], i, &a);
		ok(good, "%s %s", sql_catalog.statements[i].name, good ? "" : first.err.message);
	}
}

/* --- what rows are read into ---------------------------------------------------- */

/* Columns of a statement as the backend prepares it; 0 = it does not. */
struct columns {
	int n;
	const char *names[MOST_COLUMNS];
};

#ifdef HAVE_SQLITE
static void sqlite_columns(const struct fixture *f, const char *suffix, const char *sql,
			   struct columns *out)
{
	const char *path = arena_printf(f->arena, "%s%s", f->url + strlen("sqlite:"), suffix);
	sqlite3 *handle = NULL;
	sqlite3_stmt *s = NULL;

	out->n = 0;
	if (sqlite3_open(path, &handle) == SQLITE_OK &&
	    sqlite3_prepare_v2(handle, sql, -1, &s, NULL) == SQLITE_OK)
		out->n = sqlite3_column_count(s);
	for (int i = 0; i < out->n && i < MOST_COLUMNS; i++)
		out->names[i] = arena_strdup(f->arena, sqlite3_column_name(s, i));
	sqlite3_finalize(s);
	sqlite3_close(handle);
}
#endif

#ifdef HAVE_PGSQL
static void pgsql_columns(const struct fixture *f, const char *sql, struct columns *out)
{
	PGconn *pg = PQconnectdb(f->url);
	PGresult *prepared = PQprepare(pg, "", sql, 0, NULL), *r = PQdescribePrepared(pg, "");

	out->n = PQresultStatus(prepared) == PGRES_COMMAND_OK ? PQnfields(r) : 0;
	for (int i = 0; i < out->n && i < MOST_COLUMNS; i++)
		out->names[i] = arena_strdup(f->arena, PQfname(r, i));
	PQclear(prepared);
	PQclear(r);
	PQfinish(pg);
}
#endif

static void find_columns(const struct fixture *f, const struct db_statement *s,
			 struct columns *out)
{
	*out = (struct columns){ 0 };
#ifdef HAVE_SQLITE
	if (f->backend == DB_SQLITE)
		sqlite_columns(f, "", s->sql[DB_SQLITE], out);
	for (size_t i = 0; f->backend == DB_SQLITE && !out->n && i < N_FILES - 1; i++)
		sqlite_columns(f, beside[i].suffix, s->sql[DB_SQLITE], out);
#endif
#ifdef HAVE_PGSQL
	if (f->backend == DB_PGSQL)
		pgsql_columns(f, s->sql[DB_PGSQL], out);
#endif
}

/* Take the columns of a row's fields from those of the statement; a field that
 * finds none is returned. */
static const char *take_columns(const struct field_schema *row, struct columns *c)
{
	for (const struct field *f = row->fields; f->name; f++) {
		const char *column = db_field_column(f);
		int i = 0;

		while (column && i < c->n && !str_eq(c->names[i], column))
			i++;
		if (column && i == c->n)
			return column;
		if (column)
			c->names[i] = c->names[--c->n];
	}
	return NULL;
}

/* The fields of its rows are the columns of a statement, all of them. */
static void row_types(const struct fixture *f)
{
	int n = 0;

	for (size_t i = 0; i < sql_catalog.n_statements; i++) {
		const struct db_statement *s = &sql_catalog.statements[i];
		const char *missing = NULL;
		struct columns c;

		if (!s->rows[0])
			continue;
		find_columns(f, s, &c);
		for (size_t k = 0; k < DB_ROWS && s->rows[k] && !missing; k++)
			missing = take_columns(s->rows[k], &c);
		ok(!missing && c.n == 0, "%s has the columns of its rows (%s %s)", s->name,
		   missing ? "lacks" : c.n ? "and also" : "all",
		   missing ? missing : c.n ? c.names[0] : "of them");
		n++;
	}
	ok(n >= 15, "%d statements have rows", n);
}

static struct db *migrated(struct db *db, const char *what)
{
	struct db_schema_status status;
	struct err e = { 0 };
	int applied = 0;

	if (!ok(db_migrate(db, &applied, &e), "the migrations of %s", what))
		printf("# %s\n", e.message);
	ok(db_schema_read(db, &status, &e) && status.current == status.latest, "recorded");
	is_int(applied, status.latest, "all of them");
	return db;
}

static void all_files(const struct fixture *f)
{
	struct db *files[N_FILES];
	size_t n = 1;

	files[0] = migrated(fixture_open_with(f, &sql_catalog, TIMEOUT_MS), "the database");
	for (size_t i = 0; f->backend == DB_SQLITE && i < N_FILES - 1; i++, n++)
		files[n] = migrated(db_new_beside(files[0], beside[i].suffix, beside[i].catalog,
						  false), beside[i].suffix);
	statements(files, n);
	row_types(f);
	while (n-- > 0)
		db_free(&files[n]);
}

static bool drop_product(struct db *db, void *arg, struct err *err_r)
{
	(void)arg;
	return db_write(db, T_DROP_PRODUCT, DB_NO_ARGS, NULL, err_r);
}

static void product(const struct fixture *f)
{
	struct db *db = NULL;
	struct err e = { 0 };

	all_files(f);
	if (f->backend != DB_PGSQL)
		return;
	db = fixture_open(f);
	ok(db_transaction(db, drop_product, NULL, &e), "the product's tables are dropped");
	db_free(&db);
}

const struct test_case product_cases[] = {
	{ "the product's statements", ON_BOTH, product },
	{ 0 },
};
