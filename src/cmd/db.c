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
#include "cmd/tables.h"
#include "db/admin.h"
#include "db/handle.h"

#define ROUND_TRIPS 20

/* --- db test ---------------------------------------------------------------- */

struct test_out {
	struct db_facts facts;
	struct db_schema_status schema;
	int64_t schema_current, schema_latest;
	int64_t round_trip_min_us, round_trip_median_us;
};

#define FACT(n, kind) FIELD_AS(#n, struct test_out, facts.n, kind, 0, NULL)

static const struct field test_fields[] = {
	FACT(backend, TEXT),
	FACT(where, TEXT),
	FACT(library, TEXT),
	FACT(server, TEXT),
	FACT(encoding, TEXT),
	FACT(tls, TEXT),
	FACT(journal, TEXT),
	FACT(synchronous, TEXT),
	FACT(connections_free, INT),
	FIELD(struct test_out, schema_current, INT, 0, NULL),
	FIELD(struct test_out, schema_latest, INT, 0, NULL),
	FIELD(struct test_out, round_trip_min_us, INT, 0, NULL),
	FIELD(struct test_out, round_trip_median_us, INT, 0, NULL),
	{ 0 },
};
static const struct field_schema test_schema =
	FIELD_SCHEMA("DatabaseTest", struct test_out, test_fields);

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

static bool test(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct db_schema_status schema;
	struct test_out *test = out;

	(void)in;
	if (!db_facts_read(c->db, c->arena, &test->facts, err_r) ||
	    !db_schema_read(c->db, &schema, err_r) || !measure(c->db, test, err_r))
		return false;
	test->schema_current = schema.current;
	test->schema_latest = schema.latest;
	return true;
}

/* --- db migrate, db status -------------------------------------------------- */

struct status_out {
	const char *backend, *path;
	int64_t applied, schema_current, schema_latest, pending;
	int64_t file_bytes, wal_bytes;
};

static const struct field migrate_fields[] = {
	FIELD(struct status_out, applied, INT, 0, NULL),
	FIELD(struct status_out, schema_current, INT, 0, NULL),
	FIELD(struct status_out, schema_latest, INT, 0, NULL),
	{ 0 },
};
static const struct field_schema migrate_schema =
	FIELD_SCHEMA("Migrated", struct status_out, migrate_fields);
static const struct field status_fields[] = {
	FIELD(struct status_out, backend, TEXT, 0, NULL),
	FIELD(struct status_out, schema_current, INT, 0, NULL),
	FIELD(struct status_out, schema_latest, INT, 0, NULL),
	FIELD(struct status_out, pending, INT, 0, NULL),
	FIELD(struct status_out, path, TEXT, 0, NULL),
	FIELD(struct status_out, file_bytes, INT, 0, NULL),
	FIELD(struct status_out, wal_bytes, INT, 0, NULL),
	{ 0 },
};
static const struct field_schema status_schema =
	FIELD_SCHEMA("DatabaseStatus", struct status_out, status_fields);

static bool read_schema(struct db *db, struct status_out *out, struct err *err_r)
{
	struct db_schema_status s;

	if (!db_schema_read(db, &s, err_r))
		return false;
	out->schema_current = s.current;
	out->schema_latest = s.latest;
	out->pending = s.latest > s.current ? s.latest - s.current : 0;
	return true;
}

static bool migrate(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct status_out *status = out;
	int applied;

	(void)in;
	if (!db_migrate(c->db, &applied, err_r) || !read_schema(c->db, status, err_r))
		return false;
	status->applied = applied;
	return true;
}

static int64_t file_size(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int64_t)st.st_size : INT_NONE;
}

static bool status(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct status_out *status = out;

	(void)in;
	if (!read_schema(c->db, status, err_r))
		return false;
	status->backend = db_backend_of(c->db) == DB_SQLITE ? "sqlite" : "postgresql";
	status->path = db_is_memory(c->db) ? NULL : db_path(c->db);
	status->file_bytes = status->path ? file_size(status->path) : INT_NONE;
	status->wal_bytes = status->path ?
		file_size(arena_printf(c->arena, "%s-wal", status->path)) : INT_NONE;
	return true;
}

const struct cmd db_commands[] = {
	{ .words = "db test", .operands = "", .needs = NEEDS_DATABASE, .fn = test,
	  .record = &test_schema,
	  .sentence = "Connect and show versions, encoding, TLS, schema and round trip time." },
	{ .words = "db migrate", .operands = "", .needs = NEEDS_MAKING, .fn = migrate,
	  .record = &migrate_schema,
	  .sentence = "Bring the schema up to date.",
	  .detail = "Makes an SQLite database that does not exist. Only this command and the start of the "
		    "service change the schema; a command that needs a newer schema says so and changes nothing." },
	{ .words = "db status", .operands = "", .needs = NEEDS_DATABASE, .fn = status,
	  .record = &status_schema,
	  .sentence = "Show the schema's version, what is pending, and file sizes." },
	{ 0 },
};
