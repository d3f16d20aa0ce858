/*
 * db/db_core.h - struct db, shared by the files of src/db that hold policy.
 * Drivers never include it.
 */
#ifndef PIERRE_DB_DB_CORE_H
#define PIERRE_DB_DB_CORE_H

#include "db/db_private.h"

/* The transaction that runs, or the last one that ran. */
struct db_tx {
	bool active;
	int64_t deadline;
	bool wrote;      /* a writing statement was sent                         */
	bool audited;    /* the audit event was inserted                         */
	bool replayed;   /* the audit event was there already                    */
	enum db_rc rc;   /* first failure; later statements are not run          */
	struct err err;  /* its error                                            */
};

struct db {
	struct db_options options;      /* url is our copy */
	const struct db_driver *driver;
	struct db_conn *conn;           /* NULL = not connected */
	int64_t deadline;               /* 0 = timeout_ms for each call */
	int64_t breaker_ms, open_until; /* calls fail at once until then */
	unsigned failures;              /* in a row */
	int64_t loss_due;               /* no line of db_log_loss before then */
	int64_t brief_due;              /* no db_transaction_brief before then */
	struct db_watch watch;          /* lost NULL = this handle is alone */
	struct err lost;                /* what is said then */
	bool saved;                     /* tried, with this connection */
	struct db_tx tx;
	int stmt;                       /* whose rows are read */
	int **columns;                  /* by statement and row: of each field (value.c) */
	uint64_t seed;                  /* of the jitter */
};

/* backend.c */
const struct db_driver *db_url_driver(const char *url, struct err *err_r);
/* url.c: a copy, which names an SQLite file by what a symbolic link leads to. */
char *db_url_real(const char *url);

/* args.c: is it in the catalog, with n_rows times n values that are set, and may
 * it run now? Else ERR_INTERNAL: ours. */
bool db_may_run(const struct db *db, int stmt, const struct db_value *values, size_t n,
		size_t n_rows, struct err *e);
/* The column of a field; NULL = it is not in the database. */
const char *db_field_column(const struct field *f);
/* value.c: forget which columns fields are in */
void db_free_columns(struct db *db);

/* lost.c: was a loss noted, here or by another process? Then err_r says so. */
bool db_lost(struct db *db, struct err *err_r);
/* Compare files and paths; after a COMMIT what is away is lost as well. */
bool db_look(struct db *db, bool committed, struct err *err_r);

/* connect.c: connected and alive, or connect */
bool db_connect_by(struct db *db, int64_t deadline, struct err *err_r);
void db_disconnect(struct db *db);
/* The breaker: may the database be asked? And: this is how asking ended. */
bool db_may_ask(struct db *db, struct err *err_r);
void db_asked(struct db *db, enum db_rc rc);
/* A lost connection or COMMIT: at most a line a second, since it may be lost again
 * at each try; the request that fails of it has a line of its own. */
void db_log_loss(struct db *db, const char *event, const struct err *e);

/* handle.c: the moment nothing waits past */
int64_t db_limit(const struct db *db);
/* Sleep a little longer each time, with jitter; false when `deadline` is reached. */
bool db_backoff(struct db *db, unsigned attempt, int64_t deadline);
/* The error kind that goes with an outcome; returns rc. */
enum db_rc db_settle(enum db_rc rc, struct err *e);
/* Past the deadline "did not answer in time" says less than why an earlier
 * attempt failed: put that back. */
void db_keep_reason(struct err *e, const struct err *before, int64_t deadline);
/* Remember the first failure inside a transaction; returns rc. */
enum db_rc db_tx_note(struct db *db, enum db_rc rc, const struct err *e);

/* db_conflict() puts this into err.reason when the id of an audit event was taken. */
#define DB_REASON_AUDIT "audit_event_exists"

/* transaction.c: number of a statement by its name; -1 = the catalog has none */
int db_statement_find(const struct db *db, const char *name);

/* migrate.c: a row of the table `migrations` */
extern const struct field_schema migration_schema;

#endif
