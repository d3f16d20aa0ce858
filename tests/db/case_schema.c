/*
 * tests/db/case_schema.c - migrations: once each, in order, recorded, whole.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "tests/db/contract.h"

enum { TIMEOUT_MS = 20000 };

static void is_status(struct db *db, int current, int latest)
{
	struct db_schema_status s = { -1, -1 };
	struct err e = { 0 };

	if (!ok(db_schema_read(db, &s, &e), "status"))
		printf("# %s\n", e.message);
	is_int(s.current, current, "applied");
	is_int(s.latest, latest, "known");
}

/* Sc 2. */
static void forward(const struct fixture *f)
{
	struct db_catalog old = test_catalog_short(1);
	struct db *db = fixture_open_with(f, &old, TIMEOUT_MS);
	struct err e = { 0 };
	int applied = -1;

	is_status(db, 0, 1);
	ok(db_migrate(db, &applied, &e) && applied == 1, "the first");
	ok(db_migrate(db, &applied, &e) && applied == 0, "again: nothing to do");
	db_free(&db);
	db = fixture_open(f);
	is_status(db, 1, 2);
	ok(db_migrate(db, &applied, &e) && applied == 1, "the second");
	is_status(db, 2, 2);
	db_free(&db);
	db = fixture_open_with(f, &old, TIMEOUT_MS);
	ok(!db_migrate(db, &applied, &e) && e.kind == ERR_CONFIG, "a newer schema: %s", e.message);
	ok(!db_schema_read(db, &(struct db_schema_status){ 0 }, &e) && e.kind == ERR_CONFIG,
	   "also for its status");
	db_free(&db);
}

static void checksum(const struct fixture *f)
{
	struct db_catalog changed = test_catalog_changed();
	struct db *db = fixture_ready(f);
	struct err e = { 0 };
	int applied;

	db_free(&db);
	db = fixture_open_with(f, &changed, TIMEOUT_MS);
	ok(!db_migrate(db, &applied, &e) && e.kind == ERR_CONFIG &&
	   strstr(e.message, "0001_things") != NULL, "a changed migration: %s", e.message);
	db_free(&db);
}

static void broken(const struct fixture *f)
{
	struct db_catalog bad = test_catalog_broken();
	struct db *db = fixture_open_with(f, &bad, TIMEOUT_MS);
	struct err e = { 0 };
	int applied = -1;

	ok(!db_migrate(db, &applied, &e) && strstr(e.message, "0003_broken") != NULL,
	   "a migration that fails: %s", e.message);
	is_int(applied, 2, "those before it stay");
	is_status(db, 2, 3);
	ok(!db_migrate(db, &applied, &e) && !strstr(e.message, "half"),
	   "nothing of it is left in the way: %s", e.message);
	db_free(&db);
}

/* Many processes start at once on an empty database. */
static void race(const struct fixture *f)
{
	enum { N = 6 };
	int pids[N], failed = 0;
	struct db *db;

	for (int i = 0; i < N; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct err e = { 0 };
			int applied;

			db = fixture_open(f);
			if (db_migrate(db, &applied, &e))
				_exit(0);
			fprintf(stderr, "# %s\n", e.message);
			_exit(1);
		}
	}
	for (int i = 0; i < N; i++)
		failed += reap(pids[i]) != 0;
	is_int(failed, 0, "all agree");
	db = fixture_open(f);
	is_status(db, 2, 2);
	db_free(&db);
}

const struct test_case schema_cases[] = {
	{ "migrations go forward", ON_BOTH, forward },
	{ "migrations must not change", ON_BOTH, checksum },
	{ "migrations are whole", ON_BOTH, broken },
	{ "migrations run once", ON_BOTH, race },
	{ 0 },
};
