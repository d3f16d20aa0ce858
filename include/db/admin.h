/*
 * db/admin.h - a database as its administrator sees it: URLs, the schema, upkeep
 * and facts.
 */
#ifndef PIERRE_DB_ADMIN_H
#define PIERRE_DB_ADMIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "db/catalog.h"

struct db;

/* Which backend a URL names, without connecting. */
bool db_url_backend(const char *url, enum db_backend *backend_r, struct err *err_r);
/* Can this URL work at all, as far as can be said without connecting? SQLite:
 * directory and file can be used; PostgreSQL: libpq understands it. */
bool db_url_check(const char *url, struct err *err_r);
/* SQLite: is the file there? ERR_NOT_FOUND: it was never made; ERR_UNAVAILABLE: it
 * is gone, since what a process makes beside it is there. PostgreSQL: true. */
bool db_url_exists(const char *url, struct err *err_r);
/* One service works on an SQLite file, whatever its sockets are: *fd_r holds it
 * until the last process that inherits it has ended (*fd_r >= 0: it is held
 * already). ERR_CONFLICT: children of a master that was killed still have it;
 * ERR_CONFIG: a service runs, and the sentence has its pid. PostgreSQL serves
 * many hosts: true, and *fd_r stays -1. */
bool db_claim(const char *url, int *fd_r, struct err *err_r);
/* "sqlite, postgresql": what was compiled in. */
const char *db_backends_built(void);

/* --- schema (migrate.c) --------------------------------------------------- */

struct db_schema_status {
	int current;   /* applied; 0 = empty database */
	int latest;    /* what this program has */
};
bool db_schema_read(struct db *db, struct db_schema_status *out, struct err *err_r);
/* Bring the schema to `latest`, one transaction a migration, under the
 * writer lock / an advisory lock. Refuses a newer schema, and an applied
 * migration whose checksum differs. *applied_r = how many ran. */
bool db_migrate(struct db *db, int *applied_r, struct err *err_r);

/* --- upkeep and facts ------------------------------------------------------- */

/* SQLite: one TRUNCATE checkpoint under the writer lock, readers waited for at
 * most 100 ms; true also when it had to give up (*done_r = false). Only the
 * scheduler calls it. PostgreSQL: nothing to do, *done_r = true. */
bool db_checkpoint(struct db *db, bool *done_r, struct err *err_r);
/* RESTART instead, as safe with one checkpointer: the log starts again within
 * DB_LOG_KEEP bytes that it has on the disk (measured on a full one: 31 revokes
 * and their audit rows, none after TRUNCATE). */
#define DB_LOG_KEEP 1572864
bool db_checkpoint_keep(struct db *db, bool *done_r, struct err *err_r);
/* Bytes of the log that are not in the database file yet; the file's size says
 * nothing of that. 0 on PostgreSQL, or while there is no connection. */
int64_t db_log_bytes(struct db *db);

/* What `pierre db test` prints; fields that do not apply are NULL/INT_NONE. */
struct db_facts {
	const char *backend, *library, *server, *encoding, *tls, *where;
	const char *journal, *synchronous;   /* SQLite */
	int64_t connections_free;            /* PostgreSQL */
};
bool db_facts_read(struct db *db, struct arena *arena, struct db_facts *out, struct err *err_r);

#endif
