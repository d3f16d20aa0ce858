/*
 * db/migrate.c - brings the schema forward: numbered migrations, one
 * transaction each, recorded with their checksum in the table `migrations`.
 *
 * Several processes may start at once: each step reads the record under the
 * schema lock, so a migration runs once. What is recorded must be what this
 * program has; a schema from a newer program is refused.
 */
#include "config.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "db/args.h"
#include "db/db_core.h"

enum {
	MIGRATION_LEAST_MS = 60000,
	FUNCTION_MS = 3600000,   /* measured: 150 us a row on a PostgreSQL of the same host */
};

/* What the table has of a migration. */
struct record {
	int64_t version;
	const char *name, *sha256;
	int64_t applied_at;
};
static const struct field record_fields[] = {
	FIELD(struct record, version, INT, 0, NULL),
	FIELD(struct record, name, TEXT, 0, NULL),
	FIELD(struct record, sha256, TEXT, 0, NULL),
	FIELD(struct record, applied_at, TIME, 0, NULL),
	{ 0 },
};
const struct field_schema migration_schema =
	FIELD_SCHEMA("Migration", struct record, record_fields);

struct step {
	int current;          /* newest version recorded; 0 = none */
	int applied;          /* version this step applied; 0 = nothing was left */
};

static const struct db_migration *migration(const struct db *db, int version)
{
	return &db->options.catalog->migrations[db->driver->backend][version - 1];
}

static int latest(const struct db *db)
{
	return (int)db->options.catalog->n_migrations;
}

static bool check_recorded(const struct db *db, int64_t version, const char *sha256,
			   struct err *err_r)
{
	const struct db_migration *m;

	if (version > latest(db) || version < 1)
		return err_set(err_r, ERR_CONFIG,
			       "The database has schema %lld, newer than this program, which "
			       "knows schemas up to %d: run the newer program",
			       (long long)version, latest(db));
	m = migration(db, (int)version);
	if (!str_eq(m->sha256, sha256))
		return err_set(err_r, ERR_CONFIG,
			       "Migration %04d_%s was changed after it ran on this database "
			       "(other checksum): put back the text it had", m->version, m->name);
	return true;
}

/* The record must be 1, 2, ... without a gap. */
static bool read_recorded(struct db *db, int *current_r, struct err *err_r)
{
	int stmt = db_statement_find(db, "migrations_list");
	enum db_rc rc = db_query(db, stmt, DB_NO_ARGS, err_r);

	*current_r = 0;
	for (; rc == DB_ROW; rc = db_next(db, err_r)) {
		int64_t version = db_column_int(db, 0);

		if (!check_recorded(db, version, db_column_text(db, 2), err_r)) {
			db_finish(db);
			return false;
		}
		if (version != ++*current_r) {
			db_finish(db);
			return err_set(err_r, ERR_CONFIG,
				       "Migration %04d is not recorded in this database, but "
				       "later ones are: restore a backup", *current_r);
		}
	}
	return rc == DB_OK;
}

bool db_schema_read(struct db *db, struct db_schema_status *out, struct err *err_r)
{
	int64_t exists;

	*out = (struct db_schema_status){ .latest = latest(db) };
	if (!db_number(db, db_statement_find(db, "migrations_exists"), DB_NO_ARGS, &exists, err_r))
		return false;
	return !exists || read_recorded(db, &out->current, err_r);
}

static bool run_script(struct db *db, const struct db_migration *m, struct err *err_r)
{
	struct err e = { 0 };
	enum db_rc rc;

	db_finish(db);
	db->tx.wrote = true;
	rc = db_settle(db->driver->script(db->conn, m->sql, db->tx.deadline, &e), &e);
	if (rc == DB_OK)
		return true;
	err_prefix(&e, "Migration %04d_%s", m->version, m->name);
	db_tx_note(db, rc, &e);
	if (err_r)
		*err_r = e;
	return false;
}

/* The script holds every lock already, so only the number of rows can take long now. */
static bool run_function(struct db *db, const struct db_migration *m, struct err *err_r)
{
	if (!m->fn)
		return true;
	db->tx.deadline = clock_monotonic() + FUNCTION_MS;
	return m->fn(db, NULL, err_r);
}

static bool lock_schema(struct db *db, struct err *err_r)
{
	struct err e = { 0 };
	enum db_rc rc = db->driver->lock_schema(db->conn, db->tx.deadline, &e);

	if (db_tx_note(db, db_settle(rc, &e), &e) == DB_OK)
		return true;
	if (err_r)
		*err_r = e;
	return false;
}

static bool write_record(struct db *db, const struct db_migration *m, struct err *err_r)
{
	const struct record record = { m->version, m->name, m->sha256, clock_now() };
	int stmt = db_statement_find(db, "migrations_insert");
	struct db_value args[sizeof(record_fields) / sizeof(record_fields[0])] = { 0 };

	if (stmt < 0)
		return err_set(err_r, ERR_INTERNAL, "The catalog has no migrations_insert");
	db_bind(&db->options.catalog->statements[stmt], &migration_schema, &record, args);
	return db_write(db, stmt, args, db->options.catalog->statements[stmt].params, NULL, err_r);
}

static bool apply_next(struct db *db, void *arg, struct err *err_r)
{
	struct step *step = arg;
	const struct db_migration *m;

	step->applied = 0;
	if (!lock_schema(db, err_r) ||
	    !db_write(db, db_statement_find(db, "migrations_create"), DB_NO_ARGS, NULL, err_r) ||
	    !read_recorded(db, &step->current, err_r))
		return false;
	if (step->current == latest(db))
		return true;
	/* a database that has tables already is served as before */
	if (step->current == 0 && !db->driver->any_text(db->conn, err_r))
		return false;
	m = migration(db, step->current + 1);
	if (!run_script(db, m, err_r) || !run_function(db, m, err_r) || !write_record(db, m, err_r))
		return false;
	step->applied = m->version;
	return true;
}

/* The record itself tells what a lost COMMIT did, so one more step resolves it. */
static bool next_step(struct db *db, struct step *step, struct err *err_r)
{
	struct err e = { 0 };

	if (db_transaction(db, apply_next, step, &e))
		return true;
	if (e.kind == ERR_UNCERTAIN && db_transaction(db, apply_next, step, &e))
		return true;
	if (err_r)
		*err_r = e;
	return false;
}

static bool apply_all(struct db *db, int *applied_r, struct err *err_r)
{
	struct step step = { 0 };

	do {
		if (!next_step(db, &step, err_r))
			return false;
		if (step.applied) {
			++*applied_r;
			log_info("database_migrated", LOG_N("version", step.applied),
				 LOG_S("name", migration(db, step.applied)->name));
		}
	} while (step.applied && step.applied < latest(db));
	return true;
}

bool db_migrate(struct db *db, int *applied_r, struct err *err_r)
{
	int64_t timeout = db->options.timeout_ms;
	struct db_schema_status status;
	bool done;

	*applied_r = 0;
	if (!db_schema_read(db, &status, err_r))
		return false;
	if (status.current == status.latest)
		return true;
	/* a migration is no request: large tables take longer than timeout_ms */
	if (timeout < MIGRATION_LEAST_MS)
		db->options.timeout_ms = MIGRATION_LEAST_MS;
	done = apply_all(db, applied_r, err_r);
	db->options.timeout_ms = timeout;
	return done;
}
