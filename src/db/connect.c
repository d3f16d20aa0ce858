/*
 * db/connect.c - the connection of a handle: when it is made, when the database
 * may be asked, and when it is let go. A lost file (lost.c) is never opened again.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/db_core.h"

enum { BREAKER_FAILURES = 2 };   /* one late answer on a busy host is no outage */

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

void db_log_loss(struct db *db, const char *event, const struct err *e)
{
	int64_t now = clock_monotonic();

	if (now < db->loss_due)
		return;
	db->loss_due = now + SECOND_MS;
	log_warn(event, LOG_S("backend", db->driver->name), LOG_S("error", e->message));
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
