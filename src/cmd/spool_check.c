/* cmd/spool_check.c - is SPOOL_DIR a place for new tokens? It is judged by what is there:
 * nothing is made, and nothing is written. */
#include "config.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/spool_check.h"
#include "op/spool.h"
#include "outbound/outbound.h"

#define SPACE_LEAST ((uint64_t)OUTBOUND_MOST * SPOOL_BYTES)   /* of all calls at once */

struct spool_place {
	const char *path;
	struct arena *arena;
	struct stat st;
};

static bool fault(const struct spool_place *p, const char *what, struct err *err_r)
{
	return err_field(err_r, ERR_CONFIG, "SPOOL_DIR", "SPOOL_DIR: %s %s", p->path, what);
}

static void note(const struct spool_place *p, const char *what)
{
	fprintf(stderr, "pierre: note: SPOOL_DIR: %s %s\n", p->path, what);
}

/* The service makes the last directory, systemd those above the default one. */
static bool is_made_later(const struct spool_place *p)
{
	const char *slash = strrchr(p->path, '/');
	const char *above = !slash ? "." : slash == p->path ? "/"
		: arena_strndup(p->arena, p->path, (size_t)(slash - p->path));

	return access(above, F_OK) == 0 || str_eq(above, "/var/lib/pierre");
}

static bool find(struct spool_place *p, bool *there_r, struct err *err_r)
{
	*there_r = stat(p->path, &p->st) == 0;
	if (*there_r)
		return S_ISDIR(p->st.st_mode) || fault(p, "is not a directory", err_r);
	if (errno != ENOENT || !is_made_later(p))
		return fault(p, arena_printf(p->arena, "cannot be used: %s; make it, mode 0700, owned by the "
					     "service's user", strerror(errno)), err_r);
	note(p, "is not there yet: the service makes it");
	return true;
}

/* The service never runs as root. */
static bool check_owner(const struct spool_place *p, struct err *err_r)
{
	if (p->st.st_uid == 0)
		return fault(p, "belongs to root, and the service does not run as root: chown it to the service's "
			     "user", err_r);
	if (p->st.st_mode & (S_IWGRP | S_IWOTH))
		return fault(p, "can be written by others, who could take new tokens away: chmod 700", err_r);
	if (p->st.st_mode & (S_IRWXG | S_IRWXO))
		note(p, "can be read by others; its files cannot: chmod 700 all the same");
	if (geteuid() != 0 && p->st.st_uid != geteuid())
		note(p, "belongs to another user than the one who asks: the service's user must own it");
	return p->st.st_uid != geteuid() || access(p->path, R_OK | W_OK | X_OK) == 0 ||
	       fault(p, arena_printf(p->arena, "cannot be written: %s", strerror(errno)), err_r);
}

/* What is lost with the power is no spool: the old refresh token is spent by then. */
static void check_kind(const struct spool_place *p)
{
	struct statfs fs;

	if (statfs(p->path, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC))
		note(p, "is in memory: what waits there is lost when the machine stops, and with it connections "
		     "of users; use a disk");
}

static bool check_space(const struct spool_place *p, struct err *err_r)
{
	struct statvfs fs;

	if (statvfs(p->path, &fs) != 0)
		return fault(p, arena_printf(p->arena, "cannot be judged: %s", strerror(errno)), err_r);
	if (fs.f_flag & ST_RDONLY)
		return fault(p, "is on a file system that is mounted read-only", err_r);
	return ((uint64_t)fs.f_bavail * fs.f_frsize >= SPACE_LEAST &&
		(fs.f_files == 0 || fs.f_favail >= OUTBOUND_MOST)) ||
	       fault(p, arena_printf(p->arena, "has no room: each refresh that is under way needs %d KiB there, and "
				     "%d can be", SPOOL_BYTES / 1024, OUTBOUND_MOST), err_r);
}

bool spool_check(const char *path, struct arena *arena, struct err *err_r)
{
	struct spool_place p = { .path = path, .arena = arena };
	bool there;

	if (!find(&p, &there, err_r))
		return false;
	if (!there)
		return true;
	check_kind(&p);
	return check_owner(&p, err_r) && check_space(&p, err_r);
}
