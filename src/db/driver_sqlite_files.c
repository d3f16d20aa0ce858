/*
 * db/driver_sqlite_files.c - which files a database is: device and inode of
 * each, noted at open and compared with the paths later.
 *
 * The note is in <db>.open as well, and whoever has the database open shares a
 * lock there; so a process that comes later opens the same files, or is refused
 * before SQLite makes a second log. Only <db>.open is opened and closed here:
 * to close the database file drops the locks that SQLite has on it.
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

/* Where what is in <db>.open, and which bytes behind it are locked. */
enum { AT_IDS = 0, AT_MARK = 256, LOCK_OPENING = 1024, LOCK_IN_USE, LOCK_SERVED, LOCK_MASTER };
enum { NOTE_TEXT = 200, PAUSE_US = 2000, OTHERS_END_MS = 1000 };

static const char *const suffixes[FILE__COUNT] = { "", "-wal", "-shm", ".open" };

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

enum db_files sqlite_files(struct db_conn *c, struct err *err_r)
{
	const struct sqlite_files *f = &c->files;
	bool absent;

	for (int i = 0; !c->memory && i < FILE__COUNT; i++) {
		if (sqlite_file_is_ours(f, i))
			continue;
		absent = sqlite_file_is_absent(f, i);
		/* one that cannot be looked at now is no other file */
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

static bool lock_byte(int fd, short type, int byte)
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
	while (!lock_byte(f->fd, F_WRLCK, LOCK_OPENING))
		if (!pause_until(deadline))
			return false;
	return true;
}

void sqlite_files_unlock(struct sqlite_files *f)
{
	lock_byte(f->fd, F_UNLCK, LOCK_OPENING);
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

/* --- opening ------------------------------------------------------------------------- */

static bool cannot_open(const char *path, struct err *err_r)
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
			return cannot_open(f->paths[FILE_OPEN], err_r);
		if (!sqlite_files_lock(f, c->deadline))
			return err_set(err_r, ERR_UNAVAILABLE,
				       "Another process has been opening the database %.300s for too "
				       "long", c->path);
		if (fstat(f->fd, &st) != 0)
			return cannot_open(f->paths[FILE_OPEN], err_r);
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
	int64_t until = clock_monotonic() + OTHERS_END_MS;

	for (int i = 0; i < FILE__COUNT; i++)
		if (asprintf(&f->paths[i], "%s%s", c->path, suffixes[i]) < 0)
			abort();
	if (!open_locked(c, err_r))
		return false;
	/* those of a service that was killed may be about to end */
	while (is_locked(f->fd, LOCK_IN_USE)) {
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
	bool shared = is_locked(f->fd, LOCK_IN_USE) && read_ids(f, theirs);
	char version[24];
	bool good;

	/* a read opens -wal and -shm, also of a database that is new */
	if (sqlite_pragma(c, "PRAGMA schema_version", version, sizeof(version), err_r) != DB_OK)
		return false;
	for (int i = 0; i < FILE_OPEN; i++)
		id_at(f->paths[i], &f->ids[i]);
	good = shared ? others_have(f, theirs, err_r)
		      : write_ids(f) || cannot_open(f->paths[FILE_OPEN], err_r);
	if (good && !shared && !sqlite_files_set_mark(f, MARK_NONE))
		good = cannot_open(f->paths[FILE_OPEN], err_r);
	if (good && !lock_byte(f->fd, F_RDLCK, LOCK_IN_USE))
		good = cannot_open(f->paths[FILE_OPEN], err_r);
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
	if (asprintf(&open_path, "%s%s", path, suffixes[FILE_OPEN]) < 0)
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

/* Its children share LOCK_SERVED until the last has ended; LOCK_MASTER is the
 * master's own, and the kernel says whose. Not of the kind that children share:
 * it goes with the process, or when that closes <db>.open, which it does not. */
static bool lock_master(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_MASTER, .l_len = 1 };

	return fcntl(fd, F_SETLK, &lock) == 0;
}

static bool served_by_other(int fd, const char *path, struct err *err_r)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_MASTER, .l_len = 1 };

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
	if (asprintf(&open_path, "%s%s", path, suffixes[FILE_OPEN]) < 0)
		abort();
	fd = open(open_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		cannot_open(open_path, err_r);
	free(open_path);
	if (fd < 0)
		return false;
	if (lock_byte(fd, F_WRLCK, LOCK_SERVED) && lock_master(fd)) {
		*fd_r = fd;
		return true;
	}
	served_by_other(fd, path, err_r);
	close(fd);
	return false;
}

/* --- removing on purpose --------------------------------------------------------------- */

/* Nobody opens the files while this has the lock on <db>.open, which is made if it
 * is missing. */
static bool begin_removal(struct sqlite_files *f, struct err *err_r)
{
	const char *path = f->paths[FILE_OPEN];
	int64_t until = clock_monotonic() + OTHERS_END_MS;

	for (;;) {
		struct stat st;

		f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (f->fd < 0 || fstat(f->fd, &st) != 0)
			return cannot_open(path, err_r);
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
		if (asprintf(&f.paths[i], "%s%s", db_url_path(url), suffixes[i]) < 0)
			abort();
	done = begin_removal(&f, err_r) && remove_files(f.paths[FILE_MAIN], err_r);
	sqlite_files_close(&f);
	return done;
}

bool sqlite_removed(struct db_conn *c)
{
	return !c->memory && sqlite_files_mark(&c->files) == MARK_REMOVED;
}
