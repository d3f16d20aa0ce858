/*
 * db/driver_sqlite_service.c - whether an SQLite database is there, that only one service
 * works on it, and its removal on purpose. All by <db>.open, whose contents are
 * driver_sqlite_files.c's.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/driver_sqlite.h"

/* --- is it there --------------------------------------------------------------------- */

static bool is_there(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 || errno != ENOENT;
}

bool sqlite_exists(const char *url, struct err *err_r)
{
	const char *path = db_url_path(url);
	char *open_path;
	struct stat st;
	bool was;

	if (is_there(path))
		return true;
	if (asprintf(&open_path, "%s%s", path, sqlite_suffixes[FILE_OPEN]) < 0)
		abort();
	/* a link that leads nowhere led somewhere */
	was = is_there(open_path) || lstat(path, &st) == 0;
	free(open_path);
	if (was)
		return err_set(err_r, ERR_UNAVAILABLE, "The database %.300s is gone: put it back, or "
			       "restore a backup; restart the service if it runs", path);
	return err_set(err_r, ERR_NOT_FOUND, "The database %.300s does not exist", path);
}

/* --- one service ----------------------------------------------------------------------- */

/* The children of a service share OPEN_LOCK_SERVED until the last has ended.
 * OPEN_LOCK_MASTER belongs to the master's process alone: a POSIX lock, since the kernel
 * tells the process id of its holder. It ends with the process (or when that closes
 * <db>.open, which it does not). */
static bool lock_master(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = OPEN_LOCK_MASTER, .l_len = 1 };

	return fcntl(fd, F_SETLK, &lock) == 0;
}

static bool served_by_other(int fd, const char *path, struct err *err_r)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = OPEN_LOCK_MASTER, .l_len = 1 };

	if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
		return err_field(err_r, ERR_CONFIG, "DATABASE_URL",
				 "another service (process %d) works on the database %.300s, and an SQLite "
				 "file has one: stop that one, or set another DATABASE_URL",
				 (int)lock.l_pid, path);
	return err_field(err_r, ERR_CONFLICT, "DATABASE_URL",
			 "what is left of another service works on the database %.300s", path);
}

bool sqlite_claim(const char *url, int *fd_r, struct err *err_r)
{
	const char *path = db_url_path(url);
	char *open_path;
	int fd;

	if (*fd_r >= 0)
		return true;
	if (asprintf(&open_path, "%s%s", path, sqlite_suffixes[FILE_OPEN]) < 0)
		abort();
	fd = open(open_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		sqlite_cannot_open(open_path, err_r);
	free(open_path);
	if (fd < 0)
		return false;
	if (sqlite_open_lock(fd, F_WRLCK, OPEN_LOCK_SERVED) && lock_master(fd)) {
		*fd_r = fd;
		return true;
	}
	served_by_other(fd, path, err_r);
	close(fd);
	return false;
}

/* --- removing on purpose --------------------------------------------------------------- */

/* No process opens the files while this one has the lock on <db>.open, which is made if
 * it is missing. */
static bool begin_removal(struct sqlite_files *f, struct err *err_r)
{
	const char *path = f->paths[FILE_OPEN];
	int64_t until = clock_monotonic() + SQLITE_OTHERS_END_MS;

	for (;;) {
		struct stat st;

		f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (f->fd < 0 || fstat(f->fd, &st) != 0)
			return sqlite_cannot_open(path, err_r);
		if (!sqlite_files_lock(f, until))
			return err_set(err_r, ERR_UNAVAILABLE,
				       "Cannot remove %.300s yet: another process is opening it",
				       f->paths[FILE_MAIN]);
		f->ids[FILE_OPEN] = (struct file_id){ st.st_dev, st.st_ino };
		if (sqlite_file_is_ours(f, FILE_OPEN))
			break;
		close(f->fd);
	}
	/* unmarked, a process that has them open would take them for lost */
	return sqlite_files_set_mark(f, MARK_REMOVED) ||
	       err_set(err_r, ERR_UNAVAILABLE, "Cannot mark %.300s: %s", path, strerror(errno));
}

/* The lock file goes last: until then nothing is opened here. */
static bool remove_files(const char *path, struct err *err_r)
{
	static const char *const parts[] = { "-wal", "-shm", ".writer", "", ".open" };
	bool done = true;

	for (size_t i = 0; done && i < sizeof(parts) / sizeof(parts[0]); i++) {
		char *each;

		if (asprintf(&each, "%s%s", path, parts[i]) < 0)
			abort();
		if (unlink(each) != 0 && errno != ENOENT)
			done = err_set(err_r, ERR_UNAVAILABLE, "Cannot remove %.300s: %s", each,
				       strerror(errno));
		free(each);
	}
	return done;
}

bool sqlite_remove(const char *url, struct err *err_r)
{
	struct sqlite_files f = { .fd = -1 };
	bool done;

	for (int i = 0; i < FILE__COUNT; i++)
		if (asprintf(&f.paths[i], "%s%s", db_url_path(url), sqlite_suffixes[i]) < 0)
			abort();
	done = begin_removal(&f, err_r) && remove_files(f.paths[FILE_MAIN], err_r);
	sqlite_files_close(&f);
	return done;
}
