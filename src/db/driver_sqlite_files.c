/*
 * db/driver_sqlite_files.c - which files a database is: device and inode of
 * each, noted at open and compared with the paths later.
 *
 * The note is in <db>.open as well, and every process that has the database open shares
 * a lock there. So a process that comes later opens the same files, or is refused before
 * SQLite makes a second log. Only <db>.open is opened and closed here: closing the
 * database file would drop the locks that SQLite has on it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "db/driver_sqlite.h"

enum { AT_IDS = 0, AT_MARK = 256 };   /* where what is in <db>.open */
enum { NOTE_TEXT = 200, PAUSE_US = 2000 };

const char *const sqlite_suffixes[FILE__COUNT] = { "", "-wal", "-shm", ".open" };

/* --- files and paths ------------------------------------------------------------ */

static bool same(struct file_id a, struct file_id b)
{
	return a.inode == b.inode && a.device == b.device;
}

static bool id_at(const char *path, struct file_id *out)
{
	struct stat st;

	*out = (struct file_id){ 0 };
	if (stat(path, &st) != 0)
		return false;
	*out = (struct file_id){ st.st_dev, st.st_ino };
	return true;
}

bool sqlite_file_is_ours(const struct sqlite_files *f, int which)
{
	struct file_id now;

	return id_at(f->paths[which], &now) && same(now, f->ids[which]);
}

bool sqlite_file_is_absent(const struct sqlite_files *f, int which)
{
	struct file_id now;

	return !id_at(f->paths[which], &now) && (errno == ENOENT || errno == ENOTDIR);
}

/* SQLite does not say which descriptor is whose. */
bool sqlite_file_is_deleted(const struct sqlite_files *f, int which)
{
	struct rlimit most = { .rlim_cur = 1024 };
	struct stat st;

	getrlimit(RLIMIT_NOFILE, &most);
	for (int fd = 0; (rlim_t)fd < most.rlim_cur && fd < 65536; fd++)
		if (fstat(fd, &st) == 0 &&
		    same((struct file_id){ st.st_dev, st.st_ino }, f->ids[which]))
			return st.st_nlink == 0;
	return false;
}

static const char *name_of(const struct sqlite_files *f, int which)
{
	const char *slash = strrchr(f->paths[which], '/');

	return slash ? slash + 1 : f->paths[which];
}

/* Clients see it: it names the file and no directory. */
static enum db_files lost(const struct sqlite_files *f, int which, bool absent, struct err *err_r)
{
	err_set(err_r, ERR_UNAVAILABLE,
		"The file %.100s %s while the service had it open: restart the service (its log says "
		"what was saved)", name_of(f, which), absent ? "is gone" : "was replaced");
	return DB_FILES_LOST;
}

enum db_files sqlite_files_check(struct db_conn *c, struct err *err_r)
{
	const struct sqlite_files *f = &c->files;
	bool absent;

	for (int i = 0; !c->memory && i < FILE__COUNT; i++) {
		if (sqlite_file_is_ours(f, i))
			continue;
		absent = sqlite_file_is_absent(f, i);
		/* a file that cannot be examined now is not taken for another one */
		if (!absent && access(f->paths[i], F_OK) != 0)
			continue;
		if (sqlite_removed(c))
			return DB_FILES_KEPT;
		if (i != FILE_MAIN || !absent || sqlite_file_is_deleted(f, i))
			return lost(f, i, absent, err_r);
		err_set(err_r, ERR_UNAVAILABLE,
			"The database %.300s is gone: put it back, or restore a backup", c->path);
		return DB_FILES_AWAY;
	}
	return DB_FILES_KEPT;
}

/* --- locks on <db>.open ------------------------------------------------------------ */

bool sqlite_open_lock(int fd, short type, int byte)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

static bool is_locked(int fd, int byte)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static bool pause_until(int64_t deadline)
{
	nanosleep(&(struct timespec){ 0, PAUSE_US * 1000 }, NULL);
	return clock_monotonic() < deadline;
}

bool sqlite_files_lock(struct sqlite_files *f, int64_t deadline)
{
	while (!sqlite_open_lock(f->fd, F_WRLCK, OPEN_LOCK_OPENING))
		if (!pause_until(deadline))
			return false;
	return true;
}

void sqlite_files_unlock(struct sqlite_files *f)
{
	sqlite_open_lock(f->fd, F_UNLCK, OPEN_LOCK_OPENING);
}

/* --- the note ------------------------------------------------------------------------ */

static bool write_ids(const struct sqlite_files *f)
{
	char text[NOTE_TEXT];
	size_t n = 0;

	for (int i = 0; i < FILE_OPEN; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%ju:%ju ",
				      (uintmax_t)f->ids[i].device, (uintmax_t)f->ids[i].inode);
	text[n - 1] = '\n';
	return pwrite(f->fd, text, n, AT_IDS) == (ssize_t)n;
}

static bool read_ids(const struct sqlite_files *f, struct file_id out[FILE_OPEN])
{
	char text[NOTE_TEXT + 1] = "", *at = text, *end;
	ssize_t n = pread(f->fd, text, NOTE_TEXT, AT_IDS);

	for (int i = 0; n > 0 && i < FILE_OPEN; i++) {
		out[i].device = strtoumax(at, &end, 10);
		if (*end != ':')
			return false;
		out[i].inode = strtoumax(end + 1, &at, 10);
	}
	return n > 0;
}

enum files_mark sqlite_files_mark(const struct sqlite_files *f)
{
	char mark = MARK_NONE;

	if (f->fd < 0 || pread(f->fd, &mark, 1, AT_MARK) != 1)
		return MARK_NONE;
	return mark == MARK_SAVED || mark == MARK_REMOVED ? (enum files_mark)mark : MARK_NONE;
}

bool sqlite_files_set_mark(const struct sqlite_files *f, enum files_mark mark)
{
	char byte = (char)mark;

	return pwrite(f->fd, &byte, 1, AT_MARK) == 1;
}

bool sqlite_removed(struct db_conn *c)
{
	return !c->memory && sqlite_files_mark(&c->files) == MARK_REMOVED;
}

/* --- opening ------------------------------------------------------------------------- */

bool sqlite_cannot_open(const char *path, struct err *err_r)
{
	return err_set(err_r, ERR_UNAVAILABLE,
		       "Cannot open the lock file %s: %s; the database's directory must be "
		       "writable for this user", path, strerror(errno));
}

static bool open_locked(struct db_conn *c, struct err *err_r)
{
	struct sqlite_files *f = &c->files;
	struct stat st;

	for (;;) {
		f->fd = open(f->paths[FILE_OPEN], O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (f->fd < 0)
			return sqlite_cannot_open(f->paths[FILE_OPEN], err_r);
		if (!sqlite_files_lock(f, c->deadline))
			return err_set(err_r, ERR_UNAVAILABLE,
				       "Another process has been opening the database %.300s for too "
				       "long", c->path);
		if (fstat(f->fd, &st) != 0)
			return sqlite_cannot_open(f->paths[FILE_OPEN], err_r);
		f->ids[FILE_OPEN] = (struct file_id){ st.st_dev, st.st_ino };
		if (sqlite_file_is_ours(f, FILE_OPEN))
			return true;
		close(f->fd);
	}
}

static bool others_have(const struct sqlite_files *f, const struct file_id theirs[FILE_OPEN],
			struct err *err_r)
{
	struct file_id now;

	for (int i = 0; i < FILE_OPEN; i++) {
		id_at(f->paths[i], &now);
		if (same(now, theirs[i]))
			continue;
		return err_set(err_r, ERR_UNAVAILABLE,
			       "The file %.300s is not the one that the running processes have open: "
			       "restart the service", f->paths[i]);
	}
	return true;
}

bool sqlite_files_begin(struct db_conn *c, struct err *err_r)
{
	struct sqlite_files *f = &c->files;
	struct file_id theirs[FILE_OPEN];
	int64_t until = clock_monotonic() + SQLITE_OTHERS_END_MS;

	for (int i = 0; i < FILE__COUNT; i++)
		if (asprintf(&f->paths[i], "%s%s", c->path, sqlite_suffixes[i]) < 0)
			abort();
	if (!open_locked(c, err_r))
		return false;
	/* those of a service that was killed may be about to end */
	while (is_locked(f->fd, OPEN_LOCK_IN_USE)) {
		if (!read_ids(f, theirs) || others_have(f, theirs, err_r))
			return true;
		if (!pause_until(until < c->deadline ? until : c->deadline))
			return false;
	}
	return true;
}

bool sqlite_files_note(struct db_conn *c, struct err *err_r)
{
	struct sqlite_files *f = &c->files;
	struct file_id theirs[FILE_OPEN];
	bool shared = is_locked(f->fd, OPEN_LOCK_IN_USE) && read_ids(f, theirs);
	char version[24];
	bool good;

	/* a read opens -wal and -shm, also of a database that is new */
	if (sqlite_pragma(c, "PRAGMA schema_version", version, sizeof(version), err_r) != DB_OK)
		return false;
	for (int i = 0; i < FILE_OPEN; i++)
		id_at(f->paths[i], &f->ids[i]);
	good = shared ? others_have(f, theirs, err_r)
		      : write_ids(f) || sqlite_cannot_open(f->paths[FILE_OPEN], err_r);
	if (good && !shared && !sqlite_files_set_mark(f, MARK_NONE))
		good = sqlite_cannot_open(f->paths[FILE_OPEN], err_r);
	if (good && !sqlite_open_lock(f->fd, F_RDLCK, OPEN_LOCK_IN_USE))
		good = sqlite_cannot_open(f->paths[FILE_OPEN], err_r);
	sqlite_files_unlock(f);
	return good;
}

void sqlite_files_close(struct sqlite_files *f)
{
	if (f->fd >= 0)
		close(f->fd);
	for (int i = 0; i < FILE__COUNT; i++)
		free(f->paths[i]);
	*f = (struct sqlite_files){ .fd = -1 };
}
