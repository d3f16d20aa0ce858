/*
 * db/handle.c - a handle before anything is asked of its database: what it is
 * set to, how long it may wait, and what an outcome means. Connects nothing
 * (db_free is in connect.c) and knows no backend.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "db/db_core.h"

enum { BACKOFF_FIRST_MS = 4, BACKOFF_MOST_MS = 200, RETRY_AFTER_S = 1 };

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

void db_page_cache(struct db *db, int kb)
{
	db->options.cache_kb = kb;
}

void db_wrap_driver(struct db *db, const struct db_driver *driver)
{
	db->driver = driver;
}

enum db_backend db_backend_of(const struct db *db)
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

int64_t db_limit(const struct db *db)
{
	if (db->tx.active)
		return db->tx.deadline;
	return db->deadline ? db->deadline : clock_monotonic() + db->options.timeout_ms;
}

void db_finish(struct db *db)
{
	if (db->conn)
		db->driver->finish(db->conn);
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
