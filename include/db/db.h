/*
 * db/db.h - one connection to SQLite or PostgreSQL, and the policy around it.
 *
 * The two behave the same: closed set of named statements, `$1` parameters,
 * values that map (moments, booleans, lists of strings), conflicts that name
 * a field. Opened after fork; a handle never crosses one. One statement is
 * active at a time: finish reading before you start the next.
 *
 * Policy kept here, once (reference/reliability.md R7-R14):
 *  - a read outside a transaction that meets a lost connection reconnects and
 *    runs again once; writes run only inside db_transaction();
 *  - BUSY (SQLite's lock, 40001, 40P01) runs the transaction again with jitter,
 *    until the deadline;
 *  - a COMMIT whose answer was lost is UNCERTAIN: the transaction runs again
 *    with the same ids, and a conflict on `audit_events.id`, which every
 *    transaction inserts first, proves that the first run had committed;
 *  - nothing waits past the deadline.
 */
#ifndef PIERRE_DB_DB_H
#define PIERRE_DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/field.h"

enum db_rc {
	DB_OK,        /* done, no (more) row                                   */
	DB_ROW,       /* a row is there: read columns, then db_next()          */
	DB_CONFLICT,  /* a constraint refused; err.field names the field       */
	DB_BUSY,      /* a lock or a serialization failure: run again          */
	DB_GONE,      /* connection lost, nothing committed                    */
	DB_UNCERTAIN, /* connection lost during COMMIT                         */
	DB_ERROR,     /* wrong statement, full disk, refused: do not retry     */
};

enum db_backend { DB_SQLITE, DB_PGSQL, DB_BACKENDS };

/* Generated from sql/ (see sql/embed.awk): one row a statement. */
struct db_statement {
	const char *name;
	unsigned params;                /* highest $n, the same in each dialect */
	bool writes;                    /* INSERT, UPDATE, DELETE               */
	const char *sql[DB_BACKENDS];   /* SQLite text has ?1 for $1            */
};
struct db;
/* Free of outside effects: it may run several times. False = roll back. */
typedef bool db_tx_fn(struct db *db, void *arg, struct err *err_r);

struct db_migration {
	int version;                    /* from the file's name: 0001_initial.sql */
	const char *name;
	const char *sql;
	const char *sha256;             /* of the text, recorded when applied     */
	db_tx_fn *fn;                   /* then, in the same transaction; or NULL */
};
/* Which field a violated constraint means: both spellings of one name. */
struct db_constraint {
	const char *pgsql;    /* constraint name, "users_email_key"           */
	const char *sqlite;   /* "users.email_key", as SQLite reports it      */
	const char *field;    /* JSON field, "email"                          */
	const char *message;  /* sentence for the client                      */
};
struct db_catalog {
	const struct db_statement *statements;
	size_t n_statements;
	const struct db_migration *migrations[DB_BACKENDS];
	size_t n_migrations;
	const struct db_constraint *constraints;  /* ends with pgsql == NULL */
};

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

enum db_backend db_backend(const struct db *db);
bool db_is_memory(const struct db *db);   /* sqlite::memory: */
const char *db_path(const struct db *db); /* SQLite file; NULL on PostgreSQL */
/* Which backend a URL names, without connecting. */
bool db_url_backend(const char *url, enum db_backend *backend_r, struct err *err_r);
/* Can this URL work at all, as far as can be said without connecting? SQLite:
 * directory and file can be used; PostgreSQL: libpq understands it. */
bool db_url_check(const char *url, struct err *err_r);
/* One service works on an SQLite file, whatever its sockets are: *fd_r holds it
 * until the last process that inherits it has ended (*fd_r >= 0: it is held
 * already). ERR_CONFLICT: children of a master that was killed still have it;
 * ERR_CONFIG: a service runs, and the sentence has its pid. PostgreSQL serves
 * many hosts: true, and *fd_r stays -1. */
bool db_claim(const char *url, int *fd_r, struct err *err_r);
/* "sqlite, postgresql": what was compiled in. */
const char *db_backends_built(void);

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
	void (*lose)(void *arg, const char *sentence);     /* the first one stays */
	void *arg;
};
/* Before the first use, and before db_new_beside() takes it over. */
void db_watch(struct db *db, struct db_watch watch);
/* Was a loss noted? Asks no disk. */
bool db_is_lost(struct db *db, struct err *err_r);
/* Look now; true = all is in its place, or not connected. */
bool db_files_kept(struct db *db, struct err *err_r);

/* Remove the files of `<path><suffix>`, on purpose: who has them open (a handle
 * knows by db_removed) notes no loss, and opens a new one. */
bool db_remove_beside(const struct db *main, const char *suffix, struct err *err_r);
bool db_removed(struct db *db);

/* --- values --------------------------------------------------------------- */

enum db_type { DB_NULL, DB_INT, DB_TEXT, DB_BOOL, DB_TIME, DB_STRINGS };
struct db_value {
	enum db_type type;
	int64_t i;
	const char *s;
};
static inline struct db_value db_int(int64_t v)      /* INT_NONE -> NULL */
{
	return (struct db_value){ v == INT_NONE ? DB_NULL : DB_INT, v, NULL };
}
static inline struct db_value db_text(const char *s) /* NULL -> NULL */
{
	return (struct db_value){ s ? DB_TEXT : DB_NULL, 0, s };
}
static inline struct db_value db_bool(bool v)
{
	return (struct db_value){ DB_BOOL, v, NULL };
}
static inline struct db_value db_time(int64_t ms)    /* TIME_NONE -> NULL */
{
	return (struct db_value){ ms == TIME_NONE ? DB_NULL : DB_TIME, ms, NULL };
}
static inline struct db_value db_strings(const char *json_array)
{
	return (struct db_value){ json_array ? DB_STRINGS : DB_NULL, 0, json_array };
}

#define DB_ARGS(...) (const struct db_value[]){ __VA_ARGS__ }, \
	(sizeof((const struct db_value[]){ __VA_ARGS__ }) / sizeof(struct db_value))
#define DB_NO_ARGS NULL, 0

/* --- running -------------------------------------------------------------- */

/* Run statement number `stmt` of the catalog up to its first row.
 * DB_ROW: columns can be read; go on with db_next() or db_finish().
 * DB_OK: no row. Anything else: err_r is filled (kinds: CONFLICT ->
 * ERR_CONFLICT with field, BUSY/GONE -> ERR_UNAVAILABLE, UNCERTAIN ->
 * ERR_UNCERTAIN, ERROR -> ERR_DATABASE). A writing statement outside a
 * transaction is refused (our bug). Writing statements with RETURNING are
 * run to completion before the first row is handed out. */
enum db_rc db_query(struct db *db, int stmt, const struct db_value *args,
		    size_t n, struct err *err_r);
enum db_rc db_next(struct db *db, struct err *err_r);
void db_finish(struct db *db);          /* drop what is left of the rows; idempotent */
int64_t db_changes(const struct db *db); /* rows touched by the last writing statement */

/* Valid until the next db_next/db_finish/db_query; copy what you keep. */
int db_columns(struct db *db);
const char *db_column_name(struct db *db, int col);
const char *db_column_text(struct db *db, int col);  /* NULL = SQL NULL; moments in the fixed form */
int64_t db_column_int(struct db *db, int col);       /* INT_NONE = SQL NULL; booleans 0/1 */

/* Current row -> struct, by column name; texts are copied to the arena.
 * Columns without a field are passed over; a field with the column "" is not
 * in the database. False (ERR_DATABASE) when a field has no column. */
bool db_read(struct db *db, const struct field_schema *schema,
	     struct arena *arena, void *out, struct err *err_r);

/* The three shapes of reading that stores need. All leave no statement active. */
/* exactly one row or ERR_NOT_FOUND with `absent` as its sentence */
bool db_get(struct db *db, int stmt, const struct db_value *args, size_t n,
	    const struct field_schema *schema, struct arena *arena, void *out,
	    const char *absent, struct err *err_r);
/* all rows, in order */
bool db_list(struct db *db, int stmt, const struct db_value *args, size_t n,
	     const struct field_schema *schema, struct arena *arena,
	     struct field_list *out, struct err *err_r);
/* one integer of one row; no row = 0 */
bool db_number(struct db *db, int stmt, const struct db_value *args, size_t n,
	       int64_t *out, struct err *err_r);
/* run a writing statement, *changes_r (may be NULL) = rows touched */
bool db_write(struct db *db, int stmt, const struct db_value *args, size_t n,
	      int64_t *changes_r, struct err *err_r);
/* the same for one that touches one row; none = ERR_NOT_FOUND with `absent` */
bool db_write_one(struct db *db, int stmt, const struct db_value *args, size_t n,
		  const char *absent, struct err *err_r);

/* Many rows at once, inside a transaction: `values` are n_rows times what the
 * statement takes. An INSERT on SQLite, COPY ... FROM STDIN on PostgreSQL. */
bool db_bulk(struct db *db, int stmt, const struct db_value *values, size_t n_columns,
	     size_t n_rows, struct err *err_r);

/* --- transactions --------------------------------------------------------- */

/* True only after COMMIT was answered (or its outcome was resolved as
 * committed). SQLite: takes the writer lock (OFD lock on <db>.writer), then
 * BEGIN IMMEDIATE. Does not nest. */
bool db_transaction(struct db *db, db_tx_fn *fn, void *arg, struct err *err_r);
/* The same for what ends a right: it is tried also when db_has_space() says no. */
bool db_transaction_urgent(struct db *db, db_tx_fn *fn, void *arg, struct err *err_r);

/* SQLite: is there room on the disk for the next checkpoint? Without it other
 * transactions are refused (ERR_UNAVAILABLE, reason "disk_full"), so that what
 * a checkpoint left of the log's blocks is there for those that end a right.
 * PostgreSQL: the server's own business, true. */
bool db_has_space(struct db *db, struct err *err_r);

/* --- schema (migrate.c) --------------------------------------------------- */

struct db_schema_status {
	int current;   /* applied; 0 = empty database */
	int latest;    /* what this program has */
};
bool db_schema_status(struct db *db, struct db_schema_status *out, struct err *err_r);
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
 * DB_LOG_KEEP bytes that it has on the disk (measured on a full one: 29 revokes
 * and their audit rows, none after TRUNCATE). */
#define DB_LOG_KEEP 1048576
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
bool db_facts(struct db *db, struct arena *arena, struct db_facts *out, struct err *err_r);

#endif
