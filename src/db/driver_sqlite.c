/*
 * db/driver_sqlite.c - the SQLite driver: transactions, statements, rows.
 *
 * Holds no policy. Opening is in driver_sqlite_open.c, the writer lock in
 * driver_sqlite_lock.c, the meaning of result codes in driver_sqlite_error.c.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"
#include "db/driver_sqlite.h"

enum { TEXT_MAX = 1000000000 };   /* bytes: SQLITE_MAX_LENGTH */

/* --- transactions ------------------------------------------------------------ */

static enum db_rc sqlite_begin(struct db_conn *c, int64_t deadline, struct err *err_r)
{
	enum db_rc outcome = DB_OK;
	int rc;

	c->deadline = deadline;
	if (!c->memory)
		outcome = writer_lock_take(&c->lock, deadline, err_r);
	if (outcome != DB_OK)
		return outcome;
	rc = sqlite3_exec(c->handle, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return DB_OK;
	outcome = sqlite_fail(c, rc, "BEGIN", err_r);
	writer_lock_release(&c->lock);
	return outcome;
}

static enum db_rc sqlite_commit(struct db_conn *c, int64_t deadline, struct err *err_r)
{
	int rc;

	(void)deadline;
	if (sqlite3_get_autocommit(c->handle)) {
		err_set(err_r, ERR_DATABASE, "SQLite had rolled the transaction back by itself");
		return DB_ERROR;
	}
	/* a COMMIT waits for no lock here, and must not be interrupted */
	c->deadline = INT64_MAX;
	rc = sqlite3_exec(c->handle, "COMMIT", NULL, NULL, NULL);
	if (rc == SQLITE_OK) {
		writer_lock_release(&c->lock);
		return DB_OK;
	}
	if ((rc & 0xff) == SQLITE_IOERR && !sqlite_is_limited(c, rc)) {
		sqlite_fail(c, rc, "COMMIT", err_r);
		return DB_UNCERTAIN;
	}
	return sqlite_fail(c, rc, "COMMIT", err_r);
}

static void sqlite_rollback(struct db_conn *c, int64_t deadline)
{
	(void)deadline;
	c->deadline = INT64_MAX;
	/* full disk and I/O errors roll back by themselves (R8) */
	if (!sqlite3_get_autocommit(c->handle))
		sqlite3_exec(c->handle, "ROLLBACK", NULL, NULL, NULL);
	writer_lock_release(&c->lock);
}

static enum db_rc sqlite_ping(struct db_conn *c, int64_t deadline, struct err *err_r)
{
	char version[24];

	c->deadline = deadline;
	/* reads the file, unlike SELECT 1 */
	return sqlite_pragma(c, "PRAGMA schema_version", version, sizeof(version), err_r);
}

/* --- statements -------------------------------------------------------------- */

static int prepare(struct db_conn *c, int stmt)
{
	if (c->statements[stmt])
		return SQLITE_OK;
	return sqlite3_prepare_v3(c->handle, c->catalog->statements[stmt].sql[DB_SQLITE], -1,
				  SQLITE_PREPARE_PERSISTENT, &c->statements[stmt], NULL);
}

static int bind_text(sqlite3_stmt *s, int i, const char *text, sqlite3_destructor_type life)
{
	if (strlen(text) > TEXT_MAX)
		return SQLITE_TOOBIG;
	/* with -1 SQLite knows that a NUL ends the text; with a length the GLOB of a
	 * CHECK would copy it */
	return sqlite3_bind_text(s, i, text, -1, life);
}

/* As JSON. */
static int bind_strings(sqlite3_stmt *s, int i, struct strings list)
{
	struct arena *arena = arena_new();
	struct strbuf b = { .arena = arena };
	int rc;

	strings_to_json(&b, list);
	rc = bind_text(s, i, b.s, SQLITE_TRANSIENT);
	arena_free(&arena);
	return rc;
}

static int bind_one(sqlite3_stmt *s, int i, const struct db_value *v,
		    sqlite3_destructor_type life)
{
	char moment[TIME_TEXT];

	switch (v->type) {
	case DB_NULL:
		return sqlite3_bind_null(s, i);
	case DB_INT:
		return sqlite3_bind_int64(s, i, v->i);
	case DB_BOOL:
		return sqlite3_bind_int(s, i, v->i != 0);
	case DB_TIME:
		time_format(v->i, moment);
		return bind_text(s, i, moment, SQLITE_TRANSIENT);
	case DB_STRINGS:
		return bind_strings(s, i, db_value_strings(v));
	case DB_TEXT:
		return bind_text(s, i, v->s, life);
	case DB_UNSET:
		break;
	}
	return SQLITE_MISUSE;
}

/* life: SQLITE_TRANSIENT copies texts; SQLITE_STATIC when they outlive the step. */
static int bind_all(sqlite3_stmt *s, const struct db_value *args, size_t n,
		    sqlite3_destructor_type life)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < n && rc == SQLITE_OK; i++)
		rc = bind_one(s, (int)i + 1, &args[i], life);
	return rc;
}

static struct sqlite_row *copy_row(struct db_conn *c, sqlite3_stmt *s)
{
	int n = sqlite3_column_count(s);
	struct sqlite_row *row =
		arena_alloc(c->rows, sizeof(*row) + (size_t)n * sizeof(row->cells[0]));

	for (int i = 0; i < n; i++)
		row->cells[i] = arena_strdup(c->rows, (const char *)sqlite3_column_text(s, i));
	return row;
}

/* A row seen before DONE may not be stored: run to the end first. */
static int run_write(struct db_conn *c, sqlite3_stmt *s)
{
	struct sqlite_row **end = &c->row;
	int rc;

	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		*end = copy_row(c, s);
		end = &(*end)->next;
	}
	if (rc == SQLITE_DONE)
		c->changes = sqlite3_changes64(c->handle);
	return rc;
}

static void forget(sqlite3_stmt *s)
{
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
}

static void sqlite_finish(struct db_conn *c)
{
	if (c->current)
		forget(c->current);
	c->current = NULL;
	if (c->row)
		arena_reset(c->rows);
	c->row = NULL;
}

static enum db_rc run(struct db_conn *c, sqlite3_stmt *s, const struct db_statement *st,
		      struct err *err_r)
{
	int rc = st->writes ? run_write(c, s) : sqlite3_step(s);
	enum db_rc outcome;

	c->current = s;
	if (rc == SQLITE_ROW || (rc == SQLITE_DONE && c->row))
		return DB_ROW;
	outcome = rc == SQLITE_DONE ? DB_OK : sqlite_fail(c, rc, st->name, err_r);
	sqlite_finish(c);
	return outcome;
}

static enum db_rc sqlite_query(struct db_conn *c, int stmt, const struct db_value *args,
			       size_t n, int64_t deadline, struct err *err_r)
{
	const struct db_statement *st = &c->catalog->statements[stmt];
	int rc;

	c->deadline = deadline;
	if (clock_monotonic() >= deadline)
		return sqlite_fail(c, SQLITE_INTERRUPT, st->name, err_r);
	rc = prepare(c, stmt);
	if (rc == SQLITE_OK)
		rc = bind_all(c->statements[stmt], args, n, SQLITE_TRANSIENT);
	if (rc != SQLITE_OK)
		return sqlite_fail(c, rc, st->name, err_r);
	return run(c, c->statements[stmt], st, err_r);
}

static enum db_rc sqlite_bulk(struct db_conn *c, int stmt, const struct db_value *values,
			      size_t n_columns, size_t n_rows, int64_t deadline,
			      struct err *err_r)
{
	const struct db_statement *st = &c->catalog->statements[stmt];
	enum db_rc outcome = DB_OK;
	sqlite3_stmt *s;
	int rc;

	c->deadline = deadline;
	rc = prepare(c, stmt);
	s = c->statements[stmt];
	for (size_t i = 0; i < n_rows && rc == SQLITE_OK; i++) {
		rc = bind_all(s, &values[i * n_columns], n_columns, SQLITE_STATIC);
		if (rc == SQLITE_OK)
			rc = sqlite3_step(s);
		if (rc == SQLITE_DONE)
			rc = sqlite3_reset(s);
	}
	if (rc != SQLITE_OK)
		outcome = sqlite_fail(c, rc, st->name, err_r);
	if (s)
		forget(s);
	c->changes = (int64_t)n_rows;
	return outcome;
}

static enum db_rc sqlite_next(struct db_conn *c, struct err *err_r)
{
	enum db_rc outcome = DB_OK;
	int rc;

	if (!c->current)
		return DB_OK;
	if (c->row && c->row->next) {
		c->row = c->row->next;
		return DB_ROW;
	}
	if (!c->row) {
		rc = sqlite3_step(c->current);
		if (rc == SQLITE_ROW)
			return DB_ROW;
		if (rc != SQLITE_DONE)
			outcome = sqlite_fail(c, rc, "to read on", err_r);
	}
	sqlite_finish(c);
	return outcome;
}

static int64_t sqlite_affected(struct db_conn *c)
{
	return c->changes;
}

static int sqlite_columns(struct db_conn *c)
{
	return c->current ? sqlite3_column_count(c->current) : 0;
}

static const char *sqlite_column_name(struct db_conn *c, int col)
{
	return sqlite3_column_name(c->current, col);
}

static const char *sqlite_column_text(struct db_conn *c, int col)
{
	if (c->row)
		return c->row->cells[col];
	return (const char *)sqlite3_column_text(c->current, col);
}

/* --- migrations and upkeep ----------------------------------------------------- */

static enum db_rc sqlite_script(struct db_conn *c, const char *sql, int64_t deadline,
				struct err *err_r)
{
	int rc;

	c->deadline = deadline;
	/* a migration may change the text of a table: its columns stand as they were */
	sqlite3_db_config(c->handle, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	rc = sqlite3_exec(c->handle, sql, NULL, NULL, NULL);
	sqlite3_db_config(c->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if (rc != SQLITE_OK)
		return sqlite_fail(c, rc, "the script", err_r);
	if (!sqlite3_get_autocommit(c->handle))
		return DB_OK;
	err_set(err_r, ERR_DATABASE, "The script ended the transaction it ran in");
	return DB_ERROR;
}

static enum db_rc sqlite_lock_schema(struct db_conn *c, int64_t deadline, struct err *err_r)
{
	(void)c;
	(void)deadline;
	(void)err_r;
	return DB_OK;
}

static bool sqlite_facts(struct db_conn *c, struct arena *arena, struct db_facts *out,
			 int64_t deadline, struct err *err_r)
{
	static const char *const levels[] = { "off", "normal", "full", "extra" };
	char encoding[16], journal[16], level[4];

	c->deadline = deadline;
	if (sqlite_pragma(c, "PRAGMA encoding", encoding, sizeof(encoding), err_r) ||
	    sqlite_pragma(c, "PRAGMA journal_mode", journal, sizeof(journal), err_r) ||
	    sqlite_pragma(c, "PRAGMA synchronous", level, sizeof(level), err_r))
		return false;
	out->backend = "sqlite";
	out->library = arena_printf(arena, "SQLite %s", sqlite3_libversion());
	out->encoding = arena_strdup(arena, encoding);
	out->where = arena_strdup(arena, c->path);
	out->journal = arena_strdup(arena, journal);
	out->synchronous = level[0] >= '0' && level[0] <= '3' ? levels[level[0] - '0'] : NULL;
	return true;
}

static bool any_text(struct db_conn *c, struct err *err_r)
{
	(void)c;
	(void)err_r;
	return true;
}

const struct db_driver db_driver_sqlite = {
	.name = "sqlite",
	.backend = DB_SQLITE,
	.check = sqlite_url_check,
	.open = sqlite_open,
	.close = sqlite_close,
	.alive = sqlite_alive,
	.files = sqlite_files_check,
	.save = sqlite_save,
	.any_text = any_text,
	.exists = sqlite_exists,
	.claim = sqlite_claim,
	.remove = sqlite_remove,
	.removed = sqlite_removed,
	.ping = sqlite_ping,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.query = sqlite_query,
	.bulk = sqlite_bulk,
	.next = sqlite_next,
	.finish = sqlite_finish,
	.changes = sqlite_affected,
	.columns = sqlite_columns,
	.column_name = sqlite_column_name,
	.column_text = sqlite_column_text,
	.script = sqlite_script,
	.lock_schema = sqlite_lock_schema,
	.checkpoint = sqlite_checkpoint,
	.log_bytes = sqlite_log_bytes,
	.has_space = sqlite_has_space,
	.facts = sqlite_facts,
};
