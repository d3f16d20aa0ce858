/*
 * db/handle.h - one connection to SQLite or PostgreSQL, and the policy around it.
 *
 * The two behave the same: closed set of named statements, named parameters,
 * values that map (moments, booleans, lists of strings), conflicts that name
 * a field. Opened after fork; a handle never crosses one (R10). One statement is
 * active at a time: finish reading before you start the next.
 *
 * Policy kept here, once (R7, R8, R11, R12):
 *  - a read outside a transaction that meets a lost connection reconnects and
 *    runs again once; writes run only inside db_transaction();
 *  - BUSY (SQLite's lock, 40001, 40P01) runs the transaction again with jitter,
 *    until the deadline;
 *  - a COMMIT whose answer was lost is UNCERTAIN: the transaction runs again
 *    with the same ids, and a conflict on `audit_events.id`, which every
 *    transaction inserts first, proves that the first run had committed;
 *  - nothing waits past the deadline.
 */
#ifndef PIERRE_DB_HANDLE_H
#define PIERRE_DB_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "db/catalog.h"

struct db;

struct db_options {
	const char *url;
	int64_t timeout_ms;             /* connect, lock, and answer           */
	bool prepare;                   /* PostgreSQL: named prepared statements */
	const struct db_catalog *catalog;
	bool existing;                  /* SQLite: do not make a missing file */
	int cache_kb;                   /* SQLite: most of its page cache; 0 = its own */
};

/* Never NULL when the URL is sound, so that a worker can start while its
 * database is away: the connection is made at the first use. NULL (ERR_CONFIG)
 * when the URL's scheme is unknown or not compiled in; the sentence says which are. */
struct db *db_new(const struct db_options *o, struct err *err_r);
/* Connect now (no-op when connected). Each cause is one sentence: missing
 * directory, read-only file, wrong password, server down, not a database. */
bool db_connect(struct db *db, struct err *err_r);
void db_free(struct db **db);
/* Before the first use, and before db_new_beside() takes it over. */
void db_page_cache(struct db *db, int kb);

/* SQLite: a handle on the file `<path><suffix>` beside that of `main`, with its
 * own migrations (`catalog`); not yet connected. `existing`: do not make it. */
struct db *db_new_beside(const struct db *main, const char *suffix,
			 const struct db_catalog *catalog, bool existing);

enum db_backend db_backend_of(const struct db *db);
bool db_is_memory(const struct db *db);   /* sqlite::memory: */
const char *db_path(const struct db *db); /* SQLite file; NULL on PostgreSQL */

/* Nothing waits past this moment (clock_monotonic); 0 = now + timeout_ms for
 * each call. The worker sets it per request. */
void db_deadline(struct db *db, int64_t monotonic_ms);

/* Once two calls in a row were not answered in time, or could not be asked,
 * calls fail at once for ms (ERR_UNAVAILABLE), and again for ms when the next
 * one fails too; 0 = never. For a process that has other work than to wait. */
void db_breaker(struct db *db, int64_t ms);

/* Round trip and identity check. On SQLite also: the files are still those
 * that were opened (R9). */
bool db_ping(struct db *db, struct err *err_r);

/* --- files that are lost (SQLite) --------------------------------------------- */

/* A database, -wal or -shm file that is gone, or replaced, is never opened
 * again: two logs of one database lose what was acknowledged. The first process
 * that sees it (after each COMMIT, at a ping, at a close) tells all others, and
 * saves what was committed: into the database file, or into copies beside it.
 * From then on every call fails with ERR_UNAVAILABLE, reason DB_REASON_LOST. */
#define DB_REASON_LOST "files_lost"
#define DB_LOST_TEXT 256

/* How processes tell each other. Without it a handle knows its own loss alone. */
struct db_watch {
	const char *(*lost)(const void *arg);              /* NULL = nothing is lost */
	bool (*lose)(void *arg, const char *sentence);     /* the first one stays: true = it did */
	void *arg;
};
/* Before the first use, and before db_new_beside() takes it over. */
void db_watch_set(struct db *db, struct db_watch watch);
/* Was a loss noted? Reads no disk. */
bool db_is_lost(struct db *db, struct err *err_r);
/* Look now; true = all is in its place, or not connected. */
bool db_files_kept(struct db *db, struct err *err_r);

/* Remove the files of `<path><suffix>` on purpose: a process that has them open (its
 * handle knows by db_removed) notes no loss, and opens new ones. */
bool db_remove_beside(const struct db *main, const char *suffix, struct err *err_r);
bool db_removed(struct db *db);

#endif
