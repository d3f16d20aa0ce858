/*
 * tests/db/case_product.c - the product's own schema and closed set of SQL:
 * every migration runs, and every statement is accepted, on this backend.
 *
 * A statement runs with NULL for each value, inside a transaction that is
 * rolled back. Whether a NOT NULL column objects is not the question; whether
 * the text can be prepared and its parameters have types, is.
 */
#include "config.h"

#include <string.h>

#include "store/sql.h"
#include "tests/db/contract.h"

enum { TIMEOUT_MS = 20000, MOST_PARAMS = 64 };

struct attempt { int stmt; enum db_rc rc; struct err err; };

static bool run_with_nulls(struct db *db, void *arg, struct err *err_r)
{
	static const struct db_value nulls[MOST_PARAMS];
	struct attempt *a = arg;

	a->rc = db_query(db, a->stmt, nulls, sql_catalog.statements[a->stmt].params, &a->err);
	for (enum db_rc rc = a->rc; rc == DB_ROW;)
		rc = db_next(db, &a->err);
	return err_set(err_r, ERR_FORBIDDEN, "Rolled back");
}

/* "NOT NULL constraint failed", "violates not-null constraint"; SQLite calls
 * LIMIT NULL a mismatch, after it has prepared the statement */
static bool accepted(const struct attempt *a)
{
	return a->rc == DB_OK || a->rc == DB_ROW || a->rc == DB_CONFLICT ||
	       strstr(a->err.message, "constraint") || strstr(a->err.message, "datatype mismatch");
}

static void statements(const struct fixture *f)
{
	struct db *db = fixture_open_with(f, &sql_catalog, TIMEOUT_MS);
	struct db_schema_status status;
	struct err e = { 0 };
	int applied = 0;

	if (!ok(db_migrate(db, &applied, &e), "the product's migrations"))
		printf("# %s\n", e.message);
	is_int(applied, (int64_t)sql_catalog.n_migrations, "all of them");
	ok(db_schema_status(db, &status, &e) && status.current == status.latest, "recorded");
	for (int i = 0; i < (int)sql_catalog.n_statements; i++) {
		struct attempt a = { .stmt = i };

		ok(!db_transaction(db, run_with_nulls, &a, &e) && accepted(&a), "%s %s",
		   sql_catalog.statements[i].name, accepted(&a) ? "" : a.err.message);
	}
	db_free(&db);
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

	statements(f);
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
