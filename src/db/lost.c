/*
 * db/lost.c - files of an SQLite database that are gone or replaced: the loss
 * is noted once for all processes, what was committed is saved, and nothing is
 * opened again. (Measured: one process that opens a lost log anew, and 400 of
 * 700 acknowledged rows are left.)
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/db_core.h"

enum { SAVE_MS = 5000 };

void db_watch_set(struct db *db, struct db_watch watch)
{
	db->watch = watch;
}

static const char *said(const struct db *db)
{
	const char *text = db->watch.lost ? db->watch.lost(db->watch.arg) : NULL;

	return text || db->lost.kind == ERR_NONE ? text : db->lost.message;
}

static void save(struct db *db)
{
	struct err how = { 0 };
	bool saved;

	if (db->saved)
		return;
	db->saved = true;
	db_finish(db);
	saved = db->driver->save(db->conn, clock_monotonic() + SAVE_MS, &how);
	if (!saved)
		log_error("database_not_saved", LOG_S("error", how.message));
	else if (how.message[0])
		log_warn("database_saved", LOG_S("how", how.message));
}

static void lose(struct db *db, const struct err *why)
{
	bool first = db->watch.lose ? db->watch.lose(db->watch.arg, why->message) : !said(db);

	db->lost = *why;
	if (first)
		log_error("database_lost", LOG_S("database", db_path(db)), LOG_S("error", why->message),
			  LOG_S("requests", "are refused until a restart"));
	save(db);
}

bool db_is_lost(struct db *db, struct err *err_r)
{
	const char *text = said(db);

	if (text)
		err_reason(err_r, ERR_UNAVAILABLE, DB_REASON_LOST, "%s", text);
	return text;
}

/* What another process noted may be about this handle's files too. */
bool db_lost(struct db *db, struct err *err_r)
{
	struct err why;

	if (!said(db))
		return false;
	if (db->conn && !db->saved && !db->tx.active &&
	    db->driver->files(db->conn, &why) != DB_FILES_KEPT)
		save(db);
	return db_is_lost(db, err_r);
}

bool db_look(struct db *db, bool committed, struct err *err_r)
{
	struct err why = { 0 };
	enum db_files files = DB_FILES_KEPT;

	if (db->conn)
		files = db->driver->files(db->conn, &why);
	if (files == DB_FILES_LOST || (files == DB_FILES_AWAY && committed))
		lose(db, &why);
	if (db_lost(db, err_r))
		return false;
	if (files == DB_FILES_KEPT)
		return true;
	err_set(err_r, ERR_UNAVAILABLE, "%s", why.message);
	return err_retry(err_r, 1);
}

bool db_files_kept(struct db *db, struct err *err_r)
{
	return db_look(db, false, err_r);
}

bool db_remove_beside(const struct db *main, const char *suffix, struct err *err_r)
{
	char *url;
	bool done;

	if (asprintf(&url, "%s%s", main->options.url, suffix) < 0)
		abort();
	done = main->driver->remove(url, err_r);
	free(url);
	return done;
}

bool db_removed(struct db *db)
{
	return db->conn && db->driver->removed(db->conn);
}
