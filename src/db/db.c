/*
 * db/db.c - one connection, and the policy around the driver's slots:
 * connecting, the deadline, the second try of a read, what may be run where.
 * Transactions are in transaction.c. Knows no backend.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "db/db_core.h"

enum { BACKOFF_FIRST_MS = 4, BACKOFF_MOST_MS = 200, RETRY_AFTER_S = 1 };
enum { BREAKER_FAILURES = 2 };   /* one late answer on a busy host is no outage */

/* url is given over. */
static struct db *handle(const struct db_options *o, const struct db_driver *driver, char *url)
{
	struct db *db = calloc(1, sizeof(*db));

	if (!db || !url)
		abort();
	db->options = *o;
	db->options.url = url;
	db->driver = driver;
	db->seed = (uint64_t)clock_monotonic() * 2654435761u + (uint64_t)getpid();
	return db;
}

struct db *db_new(const struct db_options *o, struct err *err_r)
{
	const struct db_driver *driver = db_url_driver(o->url, err_r);

	return driver ? handle(o, driver, db_url_real(o->url)) : NULL;
}

struct db *db_new_beside(const struct db *main, const char *suffix,
			 const struct db_catalog *catalog, bool existing)
{
	struct db_options o = main->options;
	struct db *db;
	char *url;

	o.catalog = catalog;
	o.existing = existing;
	if (asprintf(&url, "%s%s", o.url, db_is_memory(main) ? "" : suffix) < 0)
		abort();
	db = handle(&o, main->driver, url);
	db->deadline = main->deadline;
	db->watch = main->watch;
	return db;
}

void db_free(struct db **db)
{
	char *url;

	if (!*db)
		return;
	db_disconnect(*db);
	db_free_columns(*db);
	url = (char *)(uintptr_t)(*db)->options.url;
	explicit_bzero(url, strlen(url));   /* it may hold a password */
	free(url);
	free(*db);
	*db = NULL;
}

void db_page_cache(struct db *db, int kb)
{
	db->options.cache_kb = kb;
}

void db_wrap_driver(struct db *db, const struct db_driver *driver)
{
	db->driver = driver;
}

enum db_backend db_backend(const struct db *db)
{
	return db->driver->backend;
}

const char *db_path(const struct db *db)
{
	return db_url_path(db->options.url);
}

bool db_is_memory(const struct db *db)
{
	return str_eq(db_path(db), ":memory:");
}

void db_deadline(struct db *db, int64_t monotonic_ms)
{
	db->deadline = monotonic_ms;
}

void db_breaker(struct db *db, int64_t ms)
{
	db->breaker_ms = ms;
	db->open_until = 0;
}

bool db_may_ask(struct db *db, struct err *err_r)
{
	if (db_lost(db, err_r))
		return false;
	if (!db->open_until || clock_monotonic() >= db->open_until)
		return true;
	err_set(err_r, ERR_UNAVAILABLE, "The database did not answer a moment ago");
	return err_retry(err_r, 1);
}

void db_asked(struct db *db, enum db_rc rc)
{
	if (!db->breaker_ms)
		return;
	db->open_until = 0;
	if (rc != DB_GONE && rc != DB_BUSY && rc != DB_UNCERTAIN) {
		db->failures = 0;
		return;
	}
	if (++db->failures < BREAKER_FAILURES)
		return;
	db->open_until = clock_monotonic() + db->breaker_ms;
	log_warn("database_breaker", LOG_S("backend", db->driver->name),
		 LOG_N("fails_for_ms", db->breaker_ms));
}

int64_t db_limit(const struct db *db)
{
	if (db->tx.active)
		return db->tx.deadline;
	return db->deadline ? db->deadline : clock_monotonic() + db->options.timeout_ms;
}

/* --- connecting ----------------------------------------------------------- */

void db_disconnect(struct db *db)
{
	if (!db->conn)
		return;
	/* with the last handle the rows of a lost log would go */
	db_look(db, false, NULL);
	db->driver->close(db->conn);
	db->conn = NULL;
	db->saved = false;
}

bool db_connect_by(struct db *db, int64_t deadline, struct err *err_r)
{
	struct err e = { 0 };

	if (db_lost(db, err_r))
		return false;
	if (db->conn && db->driver->alive(db->conn))
		return true;
	if (db->conn && !db_look(db, false, err_r))
		return false;   /* its files are not opened again */
	if (db->conn) {
		log_warn("database_reconnect", LOG_S("backend", db->driver->name));
		db_disconnect(db);
	}
	db->conn = db->driver->open(&db->options, deadline, &e);
	if (!db->conn) {
		if (err_r)
			*err_r = e;
		return false;
	}
	/* a file that was there once must not be made again, empty */
	db->options.existing = true;
	return true;
}

bool db_connect(struct db *db, struct err *err_r)
{
	return db->tx.active || db_connect_by(db, db_limit(db), err_r);
}

bool db_backoff(struct db *db, unsigned attempt, int64_t deadline)
{
	int64_t most = (int64_t)BACKOFF_FIRST_MS << (attempt < 6 ? attempt : 6);
	int64_t left = deadline - clock_monotonic();
	int64_t us;

	if (left <= 0)
		return false;
	if (most > BACKOFF_MOST_MS)
		most = BACKOFF_MOST_MS;
	db->seed = db->seed * 6364136223846793005u + 1442695040888963407u;
	us = 100 + (int64_t)((db->seed >> 33) % (uint64_t)(most * 1000));
	if (us > left * 1000)
		us = left * 1000;
	nanosleep(&(struct timespec){ us / 1000000, (us % 1000000) * 1000 }, NULL);
	return true;
}

/* --- outcomes ------------------------------------------------------------- */

enum db_rc db_settle(enum db_rc rc, struct err *e)
{
	static const enum err_kind kinds[] = {
		[DB_CONFLICT] = ERR_CONFLICT,
		[DB_BUSY] = ERR_UNAVAILABLE,
		[DB_GONE] = ERR_UNAVAILABLE,
		[DB_UNCERTAIN] = ERR_UNCERTAIN,
	};

	if (rc == DB_OK || rc == DB_ROW)
		return rc;
	if (rc == DB_ERROR)
		e->kind = e->kind == ERR_NONE ? ERR_DATABASE : e->kind;
	else
		e->kind = kinds[rc];
	if (e->kind == ERR_UNAVAILABLE && e->retry_after == 0)
		e->retry_after = RETRY_AFTER_S;
	if (e->message[0] == '\0')
		err_set(e, e->kind, "The database gave no answer");
	return rc;
}

void db_keep_reason(struct err *e, const struct err *before, int64_t deadline)
{
	if (before->kind != ERR_NONE && clock_monotonic() >= deadline)
		*e = *before;
}

enum db_rc db_tx_note(struct db *db, enum db_rc rc, const struct err *e)
{
	if (rc == DB_OK || rc == DB_ROW || !db->tx.active || db->tx.rc != DB_OK)
		return rc;
	db->tx.rc = rc;
	db->tx.err = *e;
	if (rc == DB_CONFLICT && str_eq(e->reason, DB_REASON_AUDIT))
		db->tx.replayed = true;
	return rc;
}

/* --- running -------------------------------------------------------------- */

/* A read changes nothing, so it may be asked again. */
static enum db_rc ask_alone(struct db *db, int stmt, const struct db_value *args,
			    size_t n, struct err *e)
{
	int64_t deadline = db_limit(db);
	bool was_gone = false;

	for (unsigned attempt = 0;; attempt++) {
		struct err before = *e;
		enum db_rc rc;

		/* why it was lost says more than why it cannot come back */
		if (!db_connect_by(db, deadline, was_gone ? NULL : e))
			return DB_GONE;
		rc = db_settle(db->driver->query(db->conn, stmt, args, n, deadline, e), e);
		if (rc == DB_BUSY && db_backoff(db, attempt, deadline))
			continue;
		if (rc != DB_GONE)
			return rc;
		db_keep_reason(e, &before, deadline);
		db_log_loss(db, "database_gone", e);
		db_disconnect(db);
		if (was_gone)
			return rc;
		was_gone = true;
	}
}

static enum db_rc query_alone(struct db *db, int stmt, const struct db_value *args,
			      size_t n, struct err *e)
{
	enum db_rc rc = DB_GONE;

	if (db_may_ask(db, e))
		db_asked(db, rc = ask_alone(db, stmt, args, n, e));
	return rc;
}

static enum db_rc query_in_tx(struct db *db, int stmt, const struct db_value *args,
			      size_t n, struct err *e)
{
	const struct db_statement *s = &db->options.catalog->statements[stmt];
	enum db_rc rc;

	if (db->tx.rc != DB_OK) {
		*e = db->tx.err;
		return db->tx.rc;
	}
	db->tx.wrote |= s->writes;
	rc = db->driver->query(db->conn, stmt, args, n, db->tx.deadline, e);
	db_settle(rc, e);
	if ((rc == DB_OK || rc == DB_ROW) && s->writes &&
	    strstr(s->sql[db->driver->backend], "INTO audit_events"))
		db->tx.audited = true;
	return db_tx_note(db, rc, e);
}

enum db_rc db_query(struct db *db, int stmt, const struct db_value *args,
		    size_t n, struct err *err_r)
{
	struct err e = { 0 };
	enum db_rc rc;

	db_finish(db);
	if (!db_may_run(db, stmt, args, n, 1, &e))
		rc = db_tx_note(db, DB_ERROR, &e);
	else if (db->tx.active)
		rc = query_in_tx(db, stmt, args, n, &e);
	else
		rc = query_alone(db, stmt, args, n, &e);
	if (rc == DB_ROW)
		db->stmt = stmt;
	else if (rc != DB_OK && err_r)
		*err_r = e;
	return rc;
}

bool db_bulk(struct db *db, int stmt, const struct db_value *values, size_t n_columns,
	     size_t n_rows, struct err *err_r)
{
	struct err e = { 0 };
	enum db_rc rc = DB_ERROR;

	db_finish(db);
	if (!db_may_run(db, stmt, values, n_columns, n_rows, &e)) {
		db_tx_note(db, rc, &e);
	} else if (!db->tx.active) {
		err_set(&e, ERR_INTERNAL, "Rows are written outside a transaction");
	} else if (db->tx.rc != DB_OK) {
		e = db->tx.err;
	} else {
		db->tx.wrote = true;
		rc = db->driver->bulk(db->conn, stmt, values, n_columns, n_rows,
				      db->tx.deadline, &e);
		db_tx_note(db, db_settle(rc, &e), &e);
	}
	if (rc != DB_OK && err_r)
		*err_r = e;
	return rc == DB_OK;
}

enum db_rc db_next(struct db *db, struct err *err_r)
{
	struct err e = { 0 };
	enum db_rc rc;

	if (!db->conn)
		return DB_OK;
	rc = db_settle(db->driver->next(db->conn, &e), &e);
	db_tx_note(db, rc, &e);
	if (rc != DB_OK && rc != DB_ROW && err_r)
		*err_r = e;
	return rc;
}

void db_finish(struct db *db)
{
	if (db->conn)
		db->driver->finish(db->conn);
}

int64_t db_changes(const struct db *db)
{
	return db->conn ? db->driver->changes(db->conn) : 0;
}

/* --- upkeep and facts ----------------------------------------------------- */

static enum db_rc ask_ping(struct db *db, struct err *e)
{
	int64_t deadline = db_limit(db);
	enum db_rc rc = DB_GONE;

	for (int attempt = 0; attempt < 2 && rc == DB_GONE; attempt++) {
		struct err before = *e;

		/* why it was lost says more than why it cannot come back */
		if (!db_connect_by(db, deadline, attempt ? NULL : e))
			break;
		rc = db_settle(db->driver->ping(db->conn, deadline, e), e);
		if (rc == DB_GONE)
			db_keep_reason(e, &before, deadline);
		if (db->tx.active)
			break;
		if (rc == DB_GONE)
			db_disconnect(db);
	}
	return rc;
}

bool db_ping(struct db *db, struct err *err_r)
{
	struct err e = { 0 };
	enum db_rc rc = DB_GONE;

	db_finish(db);
	if (db_may_ask(db, &e))
		db_asked(db, rc = ask_ping(db, &e));
	if (rc == DB_OK && (db->tx.active || db_look(db, false, &e)))
		return true;
	db_tx_note(db, rc, &e);
	if (err_r)
		*err_r = e;
	return false;
}

static bool run_checkpoint(struct db *db, int64_t keep, bool *done_r, struct err *err_r)
{
	int64_t deadline = db_limit(db);
	struct err e = { 0 };

	*done_r = false;
	if (db->tx.active)
		return err_set(err_r, ERR_INTERNAL, "A checkpoint inside a transaction");
	db_finish(db);
	if (!db_connect_by(db, deadline, err_r) || !db_look(db, false, err_r))
		return false;
	if (db_settle(db->driver->checkpoint(db->conn, keep, deadline, done_r, &e), &e) == DB_OK)
		return true;
	if (err_r)
		*err_r = e;
	return false;
}

bool db_checkpoint(struct db *db, bool *done_r, struct err *err_r)
{
	return run_checkpoint(db, 0, done_r, err_r);
}

bool db_checkpoint_keep(struct db *db, bool *done_r, struct err *err_r)
{
	return run_checkpoint(db, DB_LOG_KEEP, done_r, err_r);
}

int64_t db_log_bytes(struct db *db)
{
	return db->conn ? db->driver->log_bytes(db->conn) : 0;
}

bool db_has_space(struct db *db, struct err *err_r)
{
	return !db->conn || db->driver->has_space(db->conn, err_r) || err_retry(err_r, 1);
}

bool db_facts(struct db *db, struct arena *arena, struct db_facts *out, struct err *err_r)
{
	int64_t deadline = db_limit(db);

	db_finish(db);
	*out = (struct db_facts){ .connections_free = INT_NONE };
	if (!db_connect(db, err_r))
		return false;
	return db->driver->facts(db->conn, arena, out, deadline, err_r);
}
