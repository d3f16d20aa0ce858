/*
 * tests/db/contract.h - the driver contract suite: what both backends must do
 * alike, and what SQLite's files must bear. See contract.c.
 */
#ifndef PIERRE_TESTS_CONTRACT_H
#define PIERRE_TESTS_CONTRACT_H

#include "base/arena.h"
#include "db/admin.h"
#include "db/handle.h"
#include "db/query.h"
#include "db/transaction.h"
#include "db_args.h"
#include "tests/unit/tap.h"

/* One database of its own for each case. */
struct fixture {
	enum db_backend backend;
	const char *dir;       /* scratch directory; holds the SQLite file */
	const char *url;
	struct arena *arena;
};

/* A handle on the fixture's database; the caller frees it. */
struct db *fixture_open(const struct fixture *f);
struct db *fixture_open_with(const struct fixture *f, const struct db_catalog *cat,
			     int64_t timeout_ms);
/* The same, migrated. */
struct db *fixture_ready(const struct fixture *f);
/* On another SQLite file. */
struct db *fixture_open_path(const struct fixture *f, const char *path);
/* A file of dir. */
const char *fixture_path(const struct fixture *f, const char *name);
/* Wait for a child; its exit status, 256 + signal when killed. */
/* Sleeps of this program so far (nanosleep is wrapped). */
extern int contract_pauses;

int reap(int pid);

/* --- the test's own closed set (catalog.c) ----------------------------------- */

enum test_statement {
	T_MIGRATIONS_LIST, T_MIGRATIONS_INSERT, T_MIGRATIONS_EXISTS, T_MIGRATIONS_CREATE,
	T_DROP_ALL, T_DROP_PRODUCT,
	T_THING_INSERT, T_THING_GET, T_THING_LIST, T_THING_COUNT, T_THING_DELETE,
	T_THING_COPY, T_THING_UPDATE, T_THING_BAD_COLUMNS, T_THING_CHECK,
	T_COUNTER_ADD, T_COUNTER_GET,
	T_AUDIT_INSERT, T_AUDIT_COUNT,
	T_NO_SUCH_TABLE, T_ENDLESS,
	T_SET_PAGES, T_INTEGRITY,
	T__COUNT
};

const struct db_catalog *test_catalog(void);
/* The same with only its first n migrations, or with one replaced. */
struct db_catalog test_catalog_short(size_t n);
struct db_catalog test_catalog_changed(void);
struct db_catalog test_catalog_broken(void);

struct thing {
	const char *id, *label;
	struct strings tags;
	int64_t n, at;
	bool flag;
};
extern const struct field_schema thing_schema;
#define THING_ID(i) "00000000-0000-4000-8000-00000000000" #i
#define THING_ARGS(t) DB_ARGS(db_text((t)->id), db_int((t)->n), db_text((t)->label), \
	db_bool((t)->flag), db_time((t)->at), db_strings((t)->tags))

/* A transaction that stores one thing after an audit event. */
struct put {
	struct thing thing;
	const char *audit_id;   /* NULL: no audit event */
	int runs;
};
bool put_thing(struct db *db, void *arg, struct err *err_r);

/* --- the cases ---------------------------------------------------------------- */

enum { ON_SQLITE = 1 << DB_SQLITE, ON_PGSQL = 1 << DB_PGSQL, ON_BOTH = 3 };
struct test_case {
	const char *name;      /* NULL ends the table */
	unsigned on;
	void (*run)(const struct fixture *f);
};
extern const struct test_case value_cases[], transaction_cases[], fault_cases[],
	schema_cases[], product_cases[], file_cases[], lost_cases[], disk_cases[],
	crash_cases[];

#endif
