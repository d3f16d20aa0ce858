/*
 * shm/segment_open.c - how a service opens its segment, and how a command attaches to
 * it. Making and judging the file is segment_file.c.
 *
 * A service holds the lock file until its last child has ended, so a new one
 * never meets a process of the old one in the same ring.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/segment_file.h"

/* Ours, and nobody else can write in it: the sockets may live here too. */
static bool directory_good(const char *dir, int fd, struct err *err_r)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 022) == 0)
		return true;
	return err_field(err_r, ERR_CONFIG, "RUNTIME_DIR",
			 "RUNTIME_DIR %s must belong to the user of the service and be writable by "
			 "nobody else", dir);
}

static int open_directory(const char *dir, struct err *err_r)
{
	int fd;

	if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
		err_field(err_r, ERR_CONFIG, "RUNTIME_DIR", "RUNTIME_DIR %s cannot be made: %s",
			  dir, strerror(errno));
		return -1;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		err_field(err_r, ERR_CONFIG, "RUNTIME_DIR", "RUNTIME_DIR %s cannot be opened: %s",
			  dir, strerror(errno));
		return -1;
	}
	if (directory_good(dir, fd, err_r))
		return fd;
	close(fd);
	return -1;
}

/* Children inherit the description, so the lock goes with the last of them. */
static bool lock_segment(struct segment *r, int dir_fd, const char *dir, struct err *err_r)
{
	r->lock_fd = openat(dir_fd, SEGMENT_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (r->lock_fd < 0)
		return err_field(err_r, ERR_CONFIG, "RUNTIME_DIR", "%s/%s cannot be opened: %s",
				 dir, SEGMENT_LOCK, strerror(errno));
	if (flock(r->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	return err_field(err_r, ERR_CONFLICT, "RUNTIME_DIR",
			 "another service, or what is left of one, works in RUNTIME_DIR %s", dir);
}

static struct segment *segment_new(void)
{
	struct segment *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->fd = r->lock_fd = -1;
	return r;
}

struct segment *segment_open(const struct segment_options *o, int64_t *discarded_r,
			     struct err *err_r)
{
	struct segment *r = segment_new();
	int dir_fd = open_directory(o->dir, err_r);
	int64_t discarded = 0;
	bool good = dir_fd >= 0 && lock_segment(r, dir_fd, o->dir, err_r) &&
		segment_file_open(r, dir_fd, o, &discarded, err_r);

	if (dir_fd >= 0)
		close(dir_fd);
	if (discarded_r)
		*discarded_r = discarded;
	if (!good)
		segment_close(&r);
	return r;
}

static int attach_directory(const char *dir, struct err *err_r)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		err_set(err_r, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_FORBIDDEN,
			"%s cannot be opened: %s", dir, strerror(errno));
	return fd;
}

struct segment *segment_attach(const char *dir, const char *database_id, struct err *err_r)
{
	int dir_fd = attach_directory(dir, err_r);
	struct segment *r;

	if (dir_fd < 0)
		return NULL;
	r = segment_new();
	if (!segment_file_attach(r, dir_fd, dir, database_id, err_r))
		segment_close(&r);
	close(dir_fd);
	return r;
}

void segment_close(struct segment **r)
{
	if (!*r)
		return;
	if ((*r)->header)
		munmap((*r)->header, (*r)->bytes);
	if ((*r)->fd >= 0)
		close((*r)->fd);
	if ((*r)->lock_fd >= 0)
		close((*r)->lock_fd);
	free(*r);
	*r = NULL;
}
