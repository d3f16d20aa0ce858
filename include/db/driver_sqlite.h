/*
 * db/driver_sqlite.h - shared by the files of the SQLite driver alone.
 */
#ifndef PIERRE_DB_DRIVER_SQLITE_H
#define PIERRE_DB_DRIVER_SQLITE_H

#include <sqlite3.h>
#include <sys/types.h>

#include "db/db_private.h"

/* The advisory lock that our writers and the checkpointer take first, so that
 * nobody waits for, or gives up on, the WAL's own write lock. */
struct writer_lock {
	char *path;     /* <db>.writer; NULL for a memory database */
	int fd;
	bool held;
};
enum db_rc writer_lock_open(struct writer_lock *l, const char *db_path, struct err *err_r);
/* DB_OK, or DB_BUSY at the deadline */
enum db_rc writer_lock_take(struct writer_lock *l, int64_t deadline, struct err *err_r);
void writer_lock_release(struct writer_lock *l);
void writer_lock_close(struct writer_lock *l);

/* A row that a writing statement returned, copied before it is handed out. */
struct sqlite_row {
	struct sqlite_row *next;
	const char *cells[];
};

struct db_conn {
	sqlite3 *handle;
	char *path;
	bool memory;
	dev_t device;             /* of the file that was opened */
	ino_t inode;
	int64_t deadline;         /* of the statement that runs */
	struct writer_lock lock;
	const struct db_catalog *catalog;
	sqlite3_stmt **statements;   /* by number; prepared at first use */
	sqlite3_stmt *current;       /* whose rows are being read */
	struct arena *rows;          /* holds row and those after it */
	struct sqlite_row *row;      /* NULL: read from current */
	int64_t changes;
};

/* driver_sqlite_open.c */
struct db_conn *sqlite_open(const struct db_options *o, int64_t deadline, struct err *err_r);
void sqlite_close(struct db_conn *c);
bool sqlite_url_check(const char *url, struct err *err_r);
bool sqlite_alive(struct db_conn *c);
/* One text from a PRAGMA into buf. DB_OK is 0. */
enum db_rc sqlite_pragma(struct db_conn *c, const char *sql, char *buf, size_t size,
			 struct err *err_r);

/* driver_sqlite_error.c: result code -> outcome and sentence. `doing` names
 * the statement or step. Call it before the statement is reset. */
enum db_rc sqlite_fail(struct db_conn *c, int rc, const char *doing, struct err *err_r);

#endif
