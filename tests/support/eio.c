/*
 * tests/support/eio.c - preloaded into pierre, so that a COMMIT of a slow worker says
 * EIO though it is durable. A file of the directory EIO_DIR asks for one, and is
 * removed by the worker that answers so:
 *
 *   commit   SQLite has committed, and says that it could not
 *   sync     the log is on the disk, and the kernel says that it could not write it;
 *            SQLite takes it back
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define SQLITE_OK 0
#define SQLITE_IOERR_FSYNC 1034

static int is_asked(const char *name)
{
	const char *dir = getenv("EIO_DIR");
	char path[4096], comm[17] = "";

	prctl(PR_GET_NAME, comm);
	if (!dir || strncmp(comm, "pierre slow", 11) != 0)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return unlink(path) == 0;
}

int sqlite3_exec(void *db, const char *sql, void *fn, void *arg, void *error_r)
{
	int (*real)(void *, const char *, void *, void *, void *) = dlsym(RTLD_NEXT, "sqlite3_exec");
	int rc = real(db, sql, fn, arg, error_r);

	return rc == SQLITE_OK && strcmp(sql, "COMMIT") == 0 && is_asked("commit") ? SQLITE_IOERR_FSYNC : rc;
}

static int is_log(int fd)
{
	static const char end[] = "/pierre.db-wal";
	char link[64], path[4096];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	return n >= (ssize_t)sizeof(end) && memcmp(path + n - (sizeof(end) - 1), end, sizeof(end) - 1) == 0;
}

static int sync_by(const char *name, int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, name);
	int rc = real(fd);

	if (rc != 0 || !is_log(fd) || !is_asked("sync"))
		return rc;
	errno = EIO;
	return -1;
}

int fsync(int fd)
{
	return sync_by("fsync", fd);
}

int fdatasync(int fd)
{
	return sync_by("fdatasync", fd);
}
