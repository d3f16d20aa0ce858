/*
 * db/driver_sqlite_lock.c - the writer lock: an OFD lock on <db>.writer.
 *
 * The kernel drops it when the process dies. It is taken by polling with
 * jitter, because waiting in fcntl() has no deadline.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/driver_sqlite.h"

enum { POLL_FIRST_US = 200, POLL_MOST_US = 4000 };

static bool open_file(struct writer_lock *l, struct err *err_r)
{
	l->fd = open(l->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (l->fd >= 0)
		return true;
	return err_set(err_r, ERR_UNAVAILABLE,
		       "Cannot open the lock file %s: %s; the database's directory must be "
		       "writable for this user", l->path, strerror(errno));
}

enum db_rc writer_lock_open(struct writer_lock *l, const char *db_path, struct err *err_r)
{
	l->fd = -1;
	if (asprintf(&l->path, "%s.writer", db_path) < 0)
		abort();
	return open_file(l, err_r) ? DB_OK : DB_ERROR;
}

static bool try_lock(int fd)
{
	struct flock want = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &want) == 0;
}

/* A lock on a file that was removed excludes no other process. */
static bool still_there(const struct writer_lock *l)
{
	struct stat mine, now;

	return fstat(l->fd, &mine) == 0 && stat(l->path, &now) == 0 &&
	       mine.st_ino == now.st_ino && mine.st_dev == now.st_dev;
}

static int64_t pause_us(unsigned attempt)
{
	int64_t most = (int64_t)POLL_FIRST_US << (attempt < 5 ? attempt : 5);
	struct timespec now;

	if (most > POLL_MOST_US)
		most = POLL_MOST_US;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return most / 2 + now.tv_nsec / 64 % (most / 2);
}

enum db_rc writer_lock_take(struct writer_lock *l, int64_t deadline, struct err *err_r)
{
	for (unsigned attempt = 0;; attempt++) {
		if (l->fd < 0 && !open_file(l, err_r))
			return DB_ERROR;
		if (try_lock(l->fd)) {
			l->held = still_there(l);
			if (l->held)
				return DB_OK;
			close(l->fd);
			l->fd = -1;
			continue;
		}
		if (clock_monotonic() >= deadline) {
			err_set(err_r, ERR_UNAVAILABLE,
				"Another process has been writing to the database for too long");
			return DB_BUSY;
		}
		nanosleep(&(struct timespec){ 0, pause_us(attempt) * 1000 }, NULL);
	}
}

void writer_lock_release(struct writer_lock *l)
{
	struct flock none = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	if (!l->held)
		return;
	fcntl(l->fd, F_OFD_SETLK, &none);
	l->held = false;
}

void writer_lock_close(struct writer_lock *l)
{
	if (!l->path)
		return;
	if (l->fd >= 0)
		close(l->fd);
	free(l->path);
	*l = (struct writer_lock){ .fd = -1 };
}
