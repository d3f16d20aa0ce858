/*
 * db/driver_sqlite.h - shared by the files of the SQLite driver alone.
 */
#ifndef PIERRE_DB_DRIVER_SQLITE_H
#define PIERRE_DB_DRIVER_SQLITE_H

#include <sqlite3.h>
#include <sys/types.h>

#include "db/db_private.h"

/* The advisory lock that our writers and the checkpointer take first, so that none of
 * them waits for, or gives up on, the WAL's own write lock. */
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

/* The files of one database, beside the path they are named from. */
enum { FILE_MAIN, FILE_WAL, FILE_SHM, FILE_OPEN, FILE__COUNT };
struct file_id {
	dev_t device;
	ino_t inode;
};
/* What was at the paths when the database was opened. <db>.open holds the same for all
 * processes, which share a lock on it for as long as they have the database open: no
 * process opens other files than they have. */
struct sqlite_files {
	char *paths[FILE__COUNT];
	struct file_id ids[FILE__COUNT];
	int fd;         /* of <db>.open; -1 = none */
};

/* A row that a writing statement returned, copied before it is handed out. */
struct sqlite_row {
	struct sqlite_row *next;
	const char *cells[];
};

struct db_conn {
	sqlite3 *handle;
	char *path;
	bool memory;
	struct sqlite_files files;
	int64_t deadline;         /* of the statement that runs */
	struct writer_lock lock;
	const struct db_catalog *catalog;
	sqlite3_stmt **statements;   /* by number; prepared at first use */
	sqlite3_stmt *current;       /* whose rows are being read */
	struct arena *rows;          /* holds row and those after it */
	struct sqlite_row *row;      /* NULL: read from current */
	int64_t changes;
};

/* --- driver_sqlite_files.c --------------------------------------------------- */

/* Before anything of the database is read: refuses when other processes have
 * other files open, and keeps them from opening until sqlite_files_note(). */
bool sqlite_files_begin(struct db_conn *c, struct err *err_r);
/* Once -wal and -shm are open: what is at the paths is ours. */
bool sqlite_files_note(struct db_conn *c, struct err *err_r);
void sqlite_files_close(struct sqlite_files *f);
enum db_files sqlite_files_check(struct db_conn *c, struct err *err_r);
/* At its path is what was opened / there is nothing at its path. */
bool sqlite_file_is_ours(const struct sqlite_files *f, int which);
bool sqlite_file_is_absent(const struct sqlite_files *f, int which);
/* The file that was opened has no name any more. */
bool sqlite_file_is_deleted(const struct sqlite_files *f, int which);
/* One process at a time opens or saves; it waits until the deadline. */
bool sqlite_files_lock(struct sqlite_files *f, int64_t deadline);
void sqlite_files_unlock(struct sqlite_files *f);
/* A mark for all processes that have the files open. */
enum files_mark { MARK_NONE = ' ', MARK_SAVED = 'S', MARK_REMOVED = 'R' };
enum files_mark sqlite_files_mark(const struct sqlite_files *f);
/* False: errno says why. */
bool sqlite_files_set_mark(const struct sqlite_files *f, enum files_mark mark);
bool sqlite_removed(struct db_conn *c);

/* By which of its files. */
extern const char *const sqlite_suffixes[FILE__COUNT];
/* Bytes of <db>.open that are locked, behind what is in it. */
enum { OPEN_LOCK_OPENING = 1024, OPEN_LOCK_IN_USE, OPEN_LOCK_SERVED, OPEN_LOCK_MASTER };
/* F_WRLCK, F_RDLCK or F_UNLCK, at once or not at all. */
bool sqlite_open_lock(int fd, short type, int byte);
/* errno says why; false */
bool sqlite_cannot_open(const char *path, struct err *err_r);
/* Processes of a service that was killed end in this time. */
enum { SQLITE_OTHERS_END_MS = 1000 };

/* --- driver_sqlite_service.c ------------------------------------------------ */

bool sqlite_exists(const char *url, struct err *err_r);
bool sqlite_claim(const char *url, int *fd_r, struct err *err_r);
/* Not while a process opens the files; those that have them open know by the mark.
 * What is missing is no failure. */
bool sqlite_remove(const char *url, struct err *err_r);

/* --- driver_sqlite_wal.c ----------------------------------------------------- */

enum db_rc sqlite_checkpoint(struct db_conn *c, int64_t keep, int64_t deadline, bool *done_r,
			     struct err *err_r);
int64_t sqlite_log_bytes(struct db_conn *c);
bool sqlite_has_space(struct db_conn *c, struct err *err_r);

/* --- driver_sqlite_save.c ---------------------------------------------------- */

bool sqlite_save(struct db_conn *c, int64_t deadline, struct err *said);

/* driver_sqlite_open.c */
struct db_conn *sqlite_open(const struct db_options *o, int64_t deadline, struct err *err_r);
void sqlite_close(struct db_conn *c);
bool sqlite_url_check(const char *url, struct err *err_r);
bool sqlite_alive(struct db_conn *c);

/* driver_sqlite_pragma.c: one text from a PRAGMA into buf. DB_OK is 0. */
enum db_rc sqlite_pragma(struct db_conn *c, const char *sql, char *buf, size_t size,
			 struct err *err_r);

/* driver_sqlite_error.c: result code -> outcome and sentence. `doing` names
 * the statement or step. Call it before the statement is reset. */
enum db_rc sqlite_fail(struct db_conn *c, int rc, const char *doing, struct err *err_r);
/* A write past the process's limit of file size: as on a full disk, the frame of
 * the COMMIT is not in the log, so nothing was committed. */
bool sqlite_is_limited(const struct db_conn *c, int rc);

#endif
