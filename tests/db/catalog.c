/*
 * tests/db/catalog.c - statements and migrations of the contract suite; the
 * product's own are used only for the record of migrations.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/sql.h"
#include "tests/db/contract.h"

#define SAME(text) { [DB_SQLITE] = (text), [DB_PGSQL] = (text) }

static const char *const thing_columns[] = { "id", "n", "label", "flag", "at", "tags" };
static struct db_statement statements[T__COUNT] = {
	[T_DROP_ALL] = { .name = "drop_all", .writes = true, .sql = SAME(
		"DROP TABLE IF EXISTS things, audit_events, counters, migrations CASCADE") },
	[T_DROP_PRODUCT] = { .name = "drop_product", .writes = true, .sql = SAME("DROP OWNED BY CURRENT_USER") },
	[T_THING_INSERT] = { .name = "thing_insert", .params = 6, .writes = true, .names = thing_columns, .sql = {
		"INSERT INTO things (id, n, label, flag, at, tags) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
		"INSERT INTO things (id, n, label, flag, at, tags) VALUES ($1, $2, $3, $4, $5, $6)" } },
	[T_THING_GET] = { .name = "thing_get", .params = 1, .sql = {
		"SELECT id, n, label, flag, at, tags FROM things WHERE id = ?1",
		"SELECT id, n, label, flag, at, tags FROM things WHERE id = $1" }, .rows = { &thing_schema } },
	[T_THING_LIST] = { .name = "thing_list", .sql = SAME(
		"SELECT id, n, label, flag, at, tags FROM things ORDER BY n"), .rows = { &thing_schema } },
	[T_THING_COUNT] = { .name = "thing_count", .sql = SAME("SELECT count(*) FROM things") },
	[T_THING_DELETE] = { .name = "thing_delete", .params = 1, .writes = true, .sql = {
		"DELETE FROM things WHERE id = ?1", "DELETE FROM things WHERE id = $1" } },
	/* two rows from one, with RETURNING */
	[T_THING_COPY] = { .name = "thing_copy", .params = 3, .writes = true, .sql = {
		"INSERT INTO things (id, n, label, flag, at, tags)"
		" SELECT ?2, n + 1, label || '+', flag, at, tags FROM things WHERE id = ?1"
		" UNION ALL SELECT ?3, n + 2, label || '++', flag, at, tags FROM things WHERE id = ?1"
		" RETURNING id, n, label, flag, at, tags",
		"INSERT INTO things (id, n, label, flag, at, tags)"
		" SELECT CAST($2 AS UUID), n + 1, label || '+', flag, at, tags FROM things WHERE id = $1"
		" UNION ALL SELECT CAST($3 AS UUID), n + 2, label || '++', flag, at, tags FROM things WHERE id = $1"
		" RETURNING id, n, label, flag, at, tags" }, .rows = { &thing_schema } },
	[T_THING_UPDATE] = { .name = "thing_update", .params = 1, .writes = true, .sql = {
		"UPDATE things SET n = n + ?1", "UPDATE things SET n = n + $1" } },
	[T_THING_BAD_COLUMNS] = { .name = "thing_bad_columns", .sql = SAME("SELECT id, n FROM things"), .rows = { &thing_schema } },
	[T_THING_CHECK] = { .name = "thing_check", .params = 1, .writes = true, .sql = {
		"UPDATE things SET n = -7 WHERE id = ?1", "UPDATE things SET n = -7 WHERE id = $1" } },
	[T_COUNTER_ADD] = { .name = "counter_add", .params = 2, .writes = true, .sql = {
		"INSERT INTO counters (id, n) VALUES (?1, ?2)"
		" ON CONFLICT (id) DO UPDATE SET n = counters.n + excluded.n RETURNING n",
		"INSERT INTO counters (id, n) VALUES ($1, $2)"
		" ON CONFLICT (id) DO UPDATE SET n = counters.n + excluded.n RETURNING n" } },
	[T_COUNTER_GET] = { .name = "counter_get", .params = 1, .sql = {
		"SELECT n FROM counters WHERE id = ?1", "SELECT n FROM counters WHERE id = $1" } },
	[T_AUDIT_INSERT] = { .name = "audit_insert", .params = 1, .writes = true, .sql = {
		"INSERT INTO audit_events (id) VALUES (?1)",
		"INSERT INTO audit_events (id) VALUES ($1)" } },
	[T_AUDIT_COUNT] = { .name = "audit_count", .sql = SAME("SELECT count(*) FROM audit_events") },
	[T_NO_SUCH_TABLE] = { .name = "no_such_table", .sql = SAME("SELECT 1 FROM nowhere") },
	[T_ENDLESS] = { .name = "endless", .sql = {
		"WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t)"
		" SELECT count(*) FROM t",
		"SELECT pg_sleep(3600)" } },
	[T_SET_PAGES] = { .name = "set_pages", .sql = SAME("PRAGMA max_page_count=12") },
	[T_INTEGRITY] = { .name = "integrity", .sql = SAME("PRAGMA integrity_check") },
};

#define SHA(digit) digit digit digit digit digit digit digit digit digit digit digit digit \
	digit digit digit digit
static const struct db_migration sqlite_migrations[] = {
	{ 1, "things",
	  "CREATE TABLE things (id TEXT NOT NULL, n INTEGER, label TEXT, flag INTEGER NOT NULL,\n"
	  " at TEXT, tags TEXT, CONSTRAINT things_pkey PRIMARY KEY (id),\n"
	  " CONSTRAINT things_n_check CHECK (n <> -7)) STRICT;\n"
	  "CREATE UNIQUE INDEX things_label_key ON things (label) WHERE label LIKE 'only%';\n"
	  "CREATE TABLE audit_events (id TEXT NOT NULL,"
	  " CONSTRAINT audit_events_pkey PRIMARY KEY (id)) STRICT;", SHA("1111"), NULL },
	{ 2, "counters",
	  "CREATE TABLE counters (id INTEGER NOT NULL, n INTEGER NOT NULL,\n"
	  " CONSTRAINT counters_pkey PRIMARY KEY (id)) STRICT;", SHA("2222"), NULL },
	{ 3, "broken", "CREATE TABLE half (a INTEGER); CREATE TABLE things (a INTEGER);", SHA("3333"), NULL },
};
static const struct db_migration pgsql_migrations[] = {
	{ 1, "things",
	  "CREATE TABLE things (id UUID NOT NULL, n BIGINT, label TEXT, flag BOOLEAN NOT NULL,\n"
	  " at TIMESTAMPTZ(3), tags TEXT[], CONSTRAINT things_pkey PRIMARY KEY (id),\n"
	  " CONSTRAINT things_n_check CHECK (n <> -7));\n"
	  "CREATE UNIQUE INDEX things_label_key ON things (label) WHERE label LIKE 'only%';\n"
	  "CREATE TABLE audit_events (id UUID NOT NULL,"
	  " CONSTRAINT audit_events_pkey PRIMARY KEY (id));", SHA("1111"), NULL },
	{ 2, "counters",
	  "CREATE TABLE counters (id BIGINT NOT NULL, n BIGINT NOT NULL,\n"
	  " CONSTRAINT counters_pkey PRIMARY KEY (id));", SHA("2222"), NULL },
	{ 3, "broken", "CREATE TABLE half (a INTEGER); CREATE TABLE things (a INTEGER);", SHA("3333"), NULL },
};
static struct db_migration changed[DB_BACKENDS][2];

static const struct db_constraint constraints[] = {
	{ "things_pkey", "things.id", "thing_id", "This thing is there already" },
	{ "things_label_key", "things.label", "label", "Another thing has this label" },
	{ 0 },
};

/* The suite runs the product's own record of migrations. */
static void borrow(int number, int mine)
{
	statements[mine] = sql_catalog.statements[number];
}

const struct db_catalog *test_catalog(void)
{
	static struct db_catalog cat;

	cat = test_catalog_short(2);
	return &cat;
}

struct db_catalog test_catalog_short(size_t n)
{
	borrow(SQL_MIGRATIONS_LIST, T_MIGRATIONS_LIST);
	borrow(SQL_MIGRATIONS_INSERT, T_MIGRATIONS_INSERT);
	borrow(SQL_MIGRATIONS_EXISTS, T_MIGRATIONS_EXISTS);
	borrow(SQL_MIGRATIONS_CREATE, T_MIGRATIONS_CREATE);
	return (struct db_catalog){
		.statements = statements,
		.n_statements = T__COUNT,
		.migrations = {
			[DB_SQLITE] = sqlite_migrations,
			[DB_PGSQL] = pgsql_migrations,
		},
		.n_migrations = n,
		.constraints = constraints,
	};
}

struct db_catalog test_catalog_broken(void)
{
	return test_catalog_short(3);
}

struct db_catalog test_catalog_changed(void)
{
	struct db_catalog cat = test_catalog_short(2);

	for (int b = 0; b < DB_BACKENDS; b++) {
		memcpy(changed[b], cat.migrations[b], sizeof(changed[b]));
		changed[b][0].sha256 = SHA("abcd");
		cat.migrations[b] = changed[b];
	}
	return cat;
}

static const struct field thing_fields[] = {
	FIELD_AS("thing_id", struct thing, id, UUID, 0, NULL, .column = "id"),
	FIELD(struct thing, label, TEXT, 0, NULL),
	FIELD(struct thing, tags, STRINGS, 0, NULL),
	FIELD(struct thing, n, INT, 0, NULL),
	FIELD(struct thing, at, TIME, 0, NULL),
	FIELD(struct thing, flag, BOOL, 0, NULL),
	{ .name = "derived", .column = "", .type = FIELD_TEXT },
	{ 0 },
};
const struct field_schema thing_schema = {
	.name = "Thing", .size = sizeof(struct thing), .fields = thing_fields,
};

bool put_thing(struct db *db, void *arg, struct err *err_r)
{
	struct put *put = arg;

	put->runs++;
	if (put->audit_id && !db_write(db, T_AUDIT_INSERT, DB_ARGS(db_text(put->audit_id)),
				       NULL, err_r))
		return false;
	return db_write(db, T_THING_INSERT, THING_ARGS(&put->thing), NULL, err_r);
}
