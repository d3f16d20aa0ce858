/*
 * cmd/db.c - pierre db ...: is the database there, how old is its schema, bring
 * it up to date.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/str.h"
#include "cmd/context.h"
#include "cmd/print.h"
#include "cmd/tables.h"

#define ROUND_TRIPS 20

/* --- db test ---------------------------------------------------------------- */

struct test_out {
	struct db_facts facts;
	struct db_schema_status schema;
	int64_t schema_current, schema_latest;
	int64_t round_trip_min_us, round_trip_median_us;
};

#define FACT(n) { .name = #n, .type = FIELD_TEXT, .offset = FIELD_AT(struct test_out, facts.n) }
#define NUMBER(n) { .name = #n, .type = FIELD_INT, .offset = FIELD_AT(struct test_out, n) }

static const struct field test_fields[] = {
	FACT(backend), FACT(where), FACT(library), FACT(server), FACT(encoding), FACT(tls),
	FACT(journal), FACT(synchronous),
	{ .name = "connections_free", .type = FIELD_INT,
	  .offset = FIELD_AT(struct test_out, facts.connections_free) },
	NUMBER(schema_current), NUMBER(schema_latest),
	NUMBER(round_trip_min_us), NUMBER(round_trip_median_us),
	{ 0 },
};
static const struct field_schema test_schema = {
	"DatabaseTest", sizeof(struct test_out), test_fields, 0,
};

static int64_t microseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static bool measure(struct db *db, struct test_out *out, struct err *err_r)
{
	int64_t times[ROUND_TRIPS];

	for (size_t i = 0; i < ROUND_TRIPS; i++) {
		int64_t start = microseconds();

		if (!db_ping(db, err_r))
			return false;
		times[i] = microseconds() - start;
	}
	qsort(times, ROUND_TRIPS, sizeof(times[0]), by_size);
	out->round_trip_min_us = times[0];
	out->round_trip_median_us = times[ROUND_TRIPS / 2];
	return true;
}

static bool test(struct context *c, struct err *err_r)
{
	struct db_schema_status schema;
	struct test_out out = { 0 };

	if (!db_facts(c->db, c->arena, &out.facts, err_r) ||
	    !db_schema_status(c->db, &schema, err_r) || !measure(c->db, &out, err_r))
		return false;
	out.schema_current = schema.current;
	out.schema_latest = schema.latest;
	print_record(c->args, &test_schema, &out);
	return true;
}

static int test_run(const struct cmd_args *a)
{
	return context_run_existing(a, test);
}

/* --- db migrate, db status -------------------------------------------------- */

struct status_out {
	const char *backend, *path;
	int64_t applied, schema_current, schema_latest, pending;
	int64_t file_bytes, wal_bytes;
};

#undef NUMBER
#define NUMBER(n) { .name = #n, .type = FIELD_INT, .offset = FIELD_AT(struct status_out, n) }
#define TEXT(n) { .name = #n, .type = FIELD_TEXT, .offset = FIELD_AT(struct status_out, n) }

static const struct field migrate_fields[] = {
	NUMBER(applied), NUMBER(schema_current), NUMBER(schema_latest), { 0 },
};
static const struct field_schema migrate_schema = {
	"Migrated", sizeof(struct status_out), migrate_fields, 0,
};
static const struct field status_fields[] = {
	TEXT(backend), NUMBER(schema_current), NUMBER(schema_latest), NUMBER(pending),
	TEXT(path), NUMBER(file_bytes), NUMBER(wal_bytes), { 0 },
};
static const struct field_schema status_schema = {
	"DatabaseStatus", sizeof(struct status_out), status_fields, 0,
};

static bool read_schema(struct db *db, struct status_out *out, struct err *err_r)
{
	struct db_schema_status s;

	if (!db_schema_status(db, &s, err_r))
		return false;
	out->schema_current = s.current;
	out->schema_latest = s.latest;
	out->pending = s.latest > s.current ? s.latest - s.current : 0;
	return true;
}

static bool migrate(struct context *c, struct err *err_r)
{
	struct status_out out = { 0 };
	int applied;

	if (!db_migrate(c->db, &applied, err_r) || !read_schema(c->db, &out, err_r))
		return false;
	out.applied = applied;
	print_record(c->args, &migrate_schema, &out);
	return true;
}

static int migrate_run(const struct cmd_args *a)
{
	return context_run_database(a, migrate);
}

static int64_t file_size(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int64_t)st.st_size : INT_NONE;
}

static bool status(struct context *c, struct err *err_r)
{
	struct status_out out = { .file_bytes = INT_NONE, .wal_bytes = INT_NONE };

	if (!read_schema(c->db, &out, err_r))
		return false;
	out.backend = db_backend(c->db) == DB_SQLITE ? "sqlite" : "postgresql";
	out.path = db_is_memory(c->db) ? NULL : db_path(c->db);
	if (out.path) {
		out.file_bytes = file_size(out.path);
		out.wal_bytes = file_size(arena_printf(c->arena, "%s-wal", out.path));
	}
	print_record(c->args, &status_schema, &out);
	return true;
}

static int status_run(const struct cmd_args *a)
{
	return context_run_database(a, status);
}

const struct cmd db_commands[] = {
	{ .words = "db test", .operands = "", .needs_conf = true, .fn = test_run,
	  .sentence = "Connect and show versions, encoding, TLS, schema and round trip time." },
	{ .words = "db migrate", .operands = "", .needs_conf = true, .fn = migrate_run,
	  .sentence = "Bring the schema up to date." },
	{ .words = "db status", .operands = "", .needs_conf = true, .fn = status_run,
	  .sentence = "Show the schema's version, what is pending, and file sizes." },
	{ 0 },
};
