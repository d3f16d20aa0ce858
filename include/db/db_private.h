/*
 * db/db_private.h - what a driver provides. For src/db only.
 *
 * A driver is one `const struct db_driver` at the bottom of its file. Every
 * slot is mandatory. Slots do one thing and hold no policy: no retry, no
 * reconnect, no deadline arithmetic beyond "not past deadline" (monotonic
 * ms). They report enum db_rc, and fill err_r on anything but OK and ROW.
 */
#ifndef PIERRE_DB_DB_PRIVATE_H
#define PIERRE_DB_DB_PRIVATE_H

#include "db/admin.h"
#include "db/handle.h"
#include "db/query.h"

struct db_conn;   /* the driver's own: handle, statement cache, current result */

/* Are the files of an SQLite database those that were opened? */
enum db_files {
	DB_FILES_LOST,   /* one is gone or replaced */
	DB_FILES_AWAY,   /* the database file has another name now, and may come back */
	DB_FILES_KEPT,
};

struct db_driver {
	const char *name;                 /* "sqlite", "postgresql" */
	enum db_backend backend;
	/* judge a URL of this scheme without connecting or making anything */
	bool (*check)(const char *url, struct err *err_r);
	/* URL accepted by the factory already; check and copy what is needed */
	struct db_conn *(*open)(const struct db_options *o, int64_t deadline,
				struct err *err_r);
	void (*close)(struct db_conn *c);
	/* still usable? (SQLite: same inode; PostgreSQL: idle socket not readable) */
	bool (*alive)(struct db_conn *c);
	/* err_r names the file that is not kept (PostgreSQL: all are) */
	enum db_files (*files)(struct db_conn *c, struct err *err_r);
	/* what was committed, out of the files that are still open; nothing runs on
	 * the connection. Says how in *said; false = it could not. A process that
	 * comes later finds it saved, and says nothing. */
	bool (*save)(struct db_conn *c, int64_t deadline, struct err *said);
	/* does it hold any text? False: the sentence says what to do (SQLite: always) */
	bool (*any_text)(struct db_conn *c, struct err *err_r);
	/* see db_url_exists() */
	bool (*exists)(const char *url, struct err *err_r);
	/* see db_claim() */
	bool (*claim)(const char *url, int *fd_r, struct err *err_r);
	/* all files of a database; it may be open elsewhere (PostgreSQL: none) */
	bool (*remove)(const char *url, struct err *err_r);
	/* that was done while it was open here */
	bool (*removed)(struct db_conn *c);
	/* a round trip to the store */
	enum db_rc (*ping)(struct db_conn *c, int64_t deadline, struct err *err_r);
	/* BEGIN IMMEDIATE under the writer lock / BEGIN */
	enum db_rc (*begin)(struct db_conn *c, int64_t deadline, struct err *err_r);
	/* DB_OK only when the store said that it is durable */
	enum db_rc (*commit)(struct db_conn *c, int64_t deadline, struct err *err_r);
	void (*rollback)(struct db_conn *c, int64_t deadline);
	/* bind and run to the first row; prepares and caches by stmt number */
	enum db_rc (*query)(struct db_conn *c, int stmt, const struct db_value *args,
			    size_t n, int64_t deadline, struct err *err_r);
	/* a writing statement for each of n_rows rows; no rows come back */
	enum db_rc (*bulk)(struct db_conn *c, int stmt, const struct db_value *values,
			   size_t n_columns, size_t n_rows, int64_t deadline, struct err *err_r);
	enum db_rc (*next)(struct db_conn *c, struct err *err_r);
	void (*finish)(struct db_conn *c);
	int64_t (*changes)(struct db_conn *c);
	int (*columns)(struct db_conn *c);
	const char *(*column_name)(struct db_conn *c, int col);
	/* in the common form: moments fixed, booleans "0"/"1", lists as JSON */
	const char *(*column_text)(struct db_conn *c, int col);
	/* several statements without parameters (a migration), inside begin/commit */
	enum db_rc (*script)(struct db_conn *c, const char *sql, int64_t deadline,
			     struct err *err_r);
	/* serialise migrations across hosts until commit: PostgreSQL's transaction
	 * advisory lock; SQLite's begin has done it */
	enum db_rc (*lock_schema)(struct db_conn *c, int64_t deadline, struct err *err_r);
	/* keep: leave the log so many bytes of disk; 0 = none */
	enum db_rc (*checkpoint)(struct db_conn *c, int64_t keep, int64_t deadline,
				 bool *done_r, struct err *err_r);
	int64_t (*log_bytes)(struct db_conn *c);
	bool (*has_space)(struct db_conn *c, struct err *err_r);
	bool (*facts)(struct db_conn *c, struct arena *arena, struct db_facts *out,
		      int64_t deadline, struct err *err_r);
};

extern const struct db_driver db_driver_sqlite;
extern const struct db_driver db_driver_pgsql;

/* The row for a violated constraint; `name` is as the backend spells it.
 * Fills err_r (ERR_CONFLICT, field, sentence), also for an unlisted one. */
void db_conflict(const struct db_catalog *cat, enum db_backend b,
		 const char *name, struct err *err_r);

/* What stands behind sqlite: or sqlite://; NULL for another URL (url.c). */
const char *db_url_path(const char *url);

/* Put a wrapper in front of the driver, before the first use: how tests let a
 * COMMIT get lost. */
void db_wrap_driver(struct db *db, const struct db_driver *driver);

#endif
