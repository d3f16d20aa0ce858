/*
 * db/driver_sqlite_open.c - opening an SQLite file as all our processes must (R7): WAL,
 * synchronous=FULL, no automatic checkpoint, none on close, no wait past the deadline.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"
#include "db/driver_sqlite.h"

enum { OPS_BETWEEN_CHECKS = 1000 };

/* --- the deadline ------------------------------------------------------------ */

/* SQLite calls this when another process has a lock: wait a little, never past the
 * deadline. */
static int on_busy(void *arg, int attempt)
{
	struct db_conn *c = arg;
	long us = 250L << (attempt < 5 ? attempt : 5);
	struct timespec now;

	if (clock_monotonic() >= c->deadline)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	us = us / 2 + now.tv_nsec / 64 % (us / 2);
	nanosleep(&(struct timespec){ 0, us * 1000 }, NULL);
	return 1;
}

static int on_progress(void *arg)
{
	struct db_conn *c = arg;

	return clock_monotonic() >= c->deadline;
}

/* --- the file ---------------------------------------------------------------- */

static bool check_directory(const char *path, struct err *err_r)
{
	char *copy = strdup(path);
	struct stat st;
	bool there;

	if (!copy)
		abort();
	there = stat(dirname(copy), &st) == 0 && S_ISDIR(st.st_mode);
	if (!there)
		err_set(err_r, ERR_UNAVAILABLE,
			"The directory %.300s of the database does not exist or cannot be "
			"entered: create it, or set DATABASE_URL", copy);
	free(copy);
	return there;
}

static bool not_writable(const char *denied, struct err *err_r)
{
	if (errno == EROFS)   /* for root too; ProtectSystem= of the unit makes it so */
		return err_field(err_r, ERR_CONFIG, "DATABASE_URL",
				 "DATABASE_URL: %.300s is on a file system that is read-only here: in a "
				 "systemd unit its directory needs ReadWritePaths=", denied);
	return err_field(err_r, ERR_CONFIG, "DATABASE_URL",
			 "DATABASE_URL: this user may not write to %.300s: run it as the service's "
			 "user, or make it writable", denied);
}

/* -wal, -shm and the writer lock are made beside the file. */
static bool check_writable(const char *path, struct err *err_r)
{
	char *copy = strdup(path);
	const char *denied;

	if (!copy)
		abort();
	denied = dirname(copy);
	if (access(denied, W_OK | X_OK) == 0)
		denied = access(path, F_OK) == 0 && access(path, R_OK | W_OK) != 0 ? path : NULL;
	if (denied)
		not_writable(denied, err_r);
	free(copy);
	return !denied;
}

bool sqlite_url_check(const char *url, struct err *err_r)
{
	const char *path = db_url_path(url);
	struct stat st;

	if (str_eq(path, ":memory:"))
		return true;
	if (!check_directory(path, err_r))
		return false;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_field(err_r, ERR_CONFIG, "DATABASE_URL",
				 "DATABASE_URL: %.300s is not a file", path);
	return check_writable(path, err_r);
}

/* SQLite would make it 0644; -wal and -shm follow this mode. */
static bool make_file(const char *path, struct err *err_r)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno != EEXIST)
		return err_set(err_r, ERR_UNAVAILABLE,
			       "Cannot make the database %.300s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return true;
}

static bool check_file(const struct db_conn *c, bool existing, struct err *err_r)
{
	struct stat st;

	if (!check_directory(c->path, err_r))
		return false;
	if (stat(c->path, &st) != 0) {
		if (existing)
			return err_set(err_r, ERR_UNAVAILABLE,
				       "The database %.300s is gone: put it back, or restore a "
				       "backup", c->path);
		return make_file(c->path, err_r);
	}
	if (!S_ISREG(st.st_mode))
		return err_set(err_r, ERR_UNAVAILABLE,
			       "The database %.300s is not a file: DATABASE_URL must name one",
			       c->path);
	if (st.st_nlink > 1)
		return err_set(err_r, ERR_UNAVAILABLE,
			       "The database %.300s has %ju names (hard links), and each would get a "
			       "log of its own: remove the others", c->path, (uintmax_t)st.st_nlink);
	return true;
}

static bool open_handle(struct db_conn *c, struct err *err_r)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	int rc;

	if (c->memory)
		flags |= SQLITE_OPEN_MEMORY | SQLITE_OPEN_CREATE;
	rc = sqlite3_open_v2(c->path, &c->handle, flags, NULL);
	if (rc != SQLITE_OK)
		return sqlite_fail(c, rc, "to open the file", err_r) == DB_OK;
	if (c->memory)
		return true;
	if (sqlite3_db_readonly(c->handle, "main") == 1)
		return sqlite_fail(c, SQLITE_READONLY, "", err_r) == DB_OK;
	return true;
}

/* True also when another file took this one's place between open and stat. */
static bool has_moved(struct db_conn *c)
{
	int moved = 0;

	sqlite3_file_control(c->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	return moved != 0;
}

bool sqlite_alive(struct db_conn *c)
{
	return c->memory || sqlite_file_is_ours(&c->files, FILE_MAIN) || sqlite_removed(c);
}

/* --- settings ---------------------------------------------------------------- */

/* Turning WAL on takes every lock of the file, and SQLite does not wait for
 * some of them: so one process at a time, and again until the deadline. */
static bool turn_wal_on(struct db_conn *c, struct err *err_r)
{
	enum db_rc rc = writer_lock_take(&c->lock, c->deadline, err_r);
	char mode[16] = "";

	if (rc != DB_OK)
		return false;
	for (int attempt = 0;; attempt++) {
		rc = sqlite_pragma(c, "PRAGMA journal_mode=WAL", mode, sizeof(mode), err_r);
		if (rc != DB_BUSY || !on_busy(c, attempt))
			break;
	}
	writer_lock_release(&c->lock);
	if (rc != DB_OK || str_eq(mode, "wal"))
		return rc == DB_OK;
	return err_set(err_r, ERR_UNAVAILABLE,
		       "The database %.300s cannot use a write-ahead log (mode %s): put it on a "
		       "local file system", c->path, mode);
}

static bool use_wal(struct db_conn *c, struct err *err_r)
{
	char mode[16];

	if (c->memory)
		return true;
	if (sqlite_pragma(c, "PRAGMA journal_mode", mode, sizeof(mode), err_r) != DB_OK)
		return false;
	return str_eq(mode, "wal") || turn_wal_on(c, err_r);
}

static void configure(struct db_conn *c)
{
	static const struct { int option, value; } settings[] = {
		{ SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 },
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
		{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		sqlite3_db_config(c->handle, settings[i].option, settings[i].value, NULL);
	sqlite3_wal_autocheckpoint(c->handle, 0);
	sqlite3_busy_handler(c->handle, on_busy, c);
	sqlite3_progress_handler(c->handle, OPS_BETWEEN_CHECKS, on_progress, c);
}

static bool apply_settings(struct db_conn *c, struct err *err_r)
{
	static const char *const pragmas[] = {
		"PRAGMA synchronous=FULL",
		"PRAGMA temp_store=MEMORY",
		"PRAGMA recursive_triggers=ON",   /* REPLACE is a DELETE to triggers too (0009) */
		"PRAGMA journal_size_limit=1572864",   /* DB_LOG_KEEP */
	};
	char ignored[24];

	configure(c);
	if (!use_wal(c, err_r))
		return false;
	for (size_t i = 0; i < sizeof(pragmas) / sizeof(*pragmas); i++)
		if (sqlite_pragma(c, pragmas[i], ignored, sizeof(ignored), err_r) != DB_OK)
			return false;
	if (!c->memory && has_moved(c))
		return sqlite_fail(c, SQLITE_READONLY_DBMOVED, "", err_r) == DB_OK;
	return true;
}

static bool set_cache(struct db_conn *c, int kb, struct err *err_r)
{
	char sql[40], ignored[8];

	snprintf(sql, sizeof(sql), "PRAGMA cache_size=-%d", kb);
	return kb == 0 || sqlite_pragma(c, sql, ignored, sizeof(ignored), err_r) == DB_OK;
}

static bool open_all(struct db_conn *c, bool existing, struct err *err_r)
{
	if (c->memory)
		return open_handle(c, err_r) && apply_settings(c, err_r);
	return check_file(c, existing, err_r) && open_handle(c, err_r) &&
	       sqlite_files_begin(c, err_r) &&
	       writer_lock_open(&c->lock, c->path, err_r) == DB_OK &&
	       apply_settings(c, err_r) && sqlite_files_note(c, err_r);
}

struct db_conn *sqlite_open(const struct db_options *o, int64_t deadline, struct err *err_r)
{
	struct db_conn *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	c->catalog = o->catalog;
	c->deadline = deadline;
	c->path = strdup(db_url_path(o->url));
	c->statements = calloc(c->catalog->n_statements + 1, sizeof(*c->statements));
	if (!c->path || !c->statements)
		abort();
	c->files.fd = -1;
	c->memory = str_eq(c->path, ":memory:");
	c->rows = arena_new();
	if (open_all(c, o->existing, err_r) && set_cache(c, o->cache_kb, err_r))
		return c;
	sqlite_close(c);
	return NULL;
}

void sqlite_close(struct db_conn *c)
{
	for (size_t i = 0; i < c->catalog->n_statements; i++)
		sqlite3_finalize(c->statements[i]);
	free(c->statements);
	/* an open transaction is rolled back by this, before the lock goes */
	sqlite3_close(c->handle);
	writer_lock_close(&c->lock);
	sqlite_files_close(&c->files);
	arena_free(&c->rows);
	free(c->path);
	free(c);
}
