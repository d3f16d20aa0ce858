/*
 * master/listen.c - the listening sockets: ours, or systemd's. They live as
 * long as the master and outlive every worker.
 *
 * A socket file is taken over only when no living master listens on it. Two masters
 * that start at once are kept apart by a lock on the directory, held from the
 * question until we listen. DIAGNOSTICS: one sentence naming the path.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "master/master_private.h"

#define BACKLOG 4096
#define LOCK_TRIES 50
#define LOCK_PAUSE_NS 100000000

static bool address(const char *path, struct sockaddr_un *sun, struct err *err_r)
{
	size_t n = strlen(path);

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (n > SOCKET_PATH_MAX)
		return err_set(err_r, ERR_CONFIG,
			       "socket path %s has %zu bytes; the system allows %zu", path, n,
			       SOCKET_PATH_MAX);
	if (n == 0)
		return err_set(err_r, ERR_CONFIG, "a socket path is empty");
	memcpy(sun->sun_path, path, n + 1);
	return true;
}

static int stream_socket(struct err *err_r)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		err_set(err_r, ERR_CONFIG, "no unix socket: %s", strerror(errno));
	return fd;
}

/* Lock on the directory of `path`; -1 = err_r says why not. */
static int lock_directory(const char *path, struct err *err_r)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };
	const char *slash = strrchr(path, '/');
	char dir[SOCKET_PATH_MAX + 1] = ".";
	int fd;

	if (slash)
		snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		err_set(err_r, ERR_CONFIG, "directory of socket %s: %s", path, strerror(errno));
		return -1;
	}
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd;
		nanosleep(&pause, NULL);
	}
	close(fd);
	err_set(err_r, ERR_CONFIG, "another process holds the lock on the directory of socket %s", path);
	return -1;
}

/* Is the process alive that called listen(2)? The children of a master that was killed
 * hold its socket until their last request is answered, and take no new one. unix(7):
 * SO_PEERCRED names the listener. */
static bool listener_lives(int fd)
{
	struct ucred peer = { 0 };
	socklen_t n = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0 || peer.pid <= 0 ||
	       kill(peer.pid, 0) == 0 || errno != ESRCH;
}

/* Does another master listen there? A full backlog (EAGAIN) is an answer too. */
static bool is_answered(const struct sockaddr_un *sun, bool *answered_r, struct err *err_r)
{
	int fd = stream_socket(err_r), rc, error;

	if (fd < 0)
		return false;
	rc = connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	error = errno;
	*answered_r = rc == 0 ? listener_lives(fd) : error == EAGAIN || error == EINPROGRESS;
	close(fd);
	if (rc == 0 || *answered_r || error == ECONNREFUSED || error == ENOENT)
		return true;
	return err_set(err_r, ERR_CONFIG, "socket %s: %s", sun->sun_path, strerror(error));
}

static bool clear_path(const struct sockaddr_un *sun, struct err *err_r)
{
	const char *path = sun->sun_path;
	struct stat st;
	bool answered;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ||
		       err_set(err_r, ERR_CONFIG, "socket %s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return err_set(err_r, ERR_CONFIG, "%s is there and is not a socket", path);
	if (!is_answered(sun, &answered, err_r))
		return false;
	if (answered)
		return err_set(err_r, ERR_CONFIG, "another process serves on socket %s", path);
	if (unlink(path) == 0 || errno == ENOENT)
		return true;
	return err_set(err_r, ERR_CONFIG, "cannot remove the stale socket %s: %s", path,
		       strerror(errno));
}

static bool give_group(const char *path, const char *group, struct err *err_r)
{
	const struct group *gr;

	if (str_blank(group))
		return true;
	gr = getgrnam(group);
	if (!gr)
		return err_field(err_r, ERR_CONFIG, "SOCKET_GROUP", "SOCKET_GROUP: no group is called %s",
				 group);
	if (lchown(path, (uid_t)-1, gr->gr_gid) == 0)
		return true;
	return err_field(err_r, ERR_CONFIG, "SOCKET_GROUP",
			 "SOCKET_GROUP: cannot give %s to group %s: %s; is our user a member?", path,
			 group, strerror(errno));
}

static bool bind_path(struct listener *l, const struct sockaddr_un *sun, const char *group,
		      struct err *err_r)
{
	mode_t mask = umask(0117);
	int rc = bind(l->fd, (const struct sockaddr *)sun, sizeof(*sun));
	int error = errno;
	struct stat st;

	umask(mask);
	if (rc != 0)
		return err_set(err_r, ERR_CONFIG, "cannot make socket %s: %s", sun->sun_path,
			       strerror(error));
	memcpy(l->path, sun->sun_path, sizeof(l->path));
	if (lstat(l->path, &st) == 0) {
		l->dev = st.st_dev;
		l->ino = st.st_ino;
	}
	if (!give_group(l->path, group, err_r))
		return false;
	return listen(l->fd, BACKLOG) == 0 ||
	       err_set(err_r, ERR_CONFIG, "cannot listen on %s: %s", l->path, strerror(errno));
}

static bool open_path(struct listener *l, const char *path, const char *group, struct err *err_r)
{
	struct sockaddr_un sun;
	bool good;
	int lock;

	if (!address(path, &sun, err_r))
		return false;
	lock = lock_directory(path, err_r);
	if (lock < 0)
		return false;
	good = clear_path(&sun, err_r);
	if (good) {
		l->fd = stream_socket(err_r);
		good = l->fd >= 0 && bind_path(l, &sun, group, err_r);
	}
	close(lock);
	return good;
}

static void warn_backlog(void)
{
	FILE *f = fopen("/proc/sys/net/core/somaxconn", "re");
	char text[32] = "";
	int64_t n;

	if (!f)
		return;
	if (fgets(text, sizeof(text), f)) {
		text[strcspn(text, "\n")] = '\0';
		if (str_int(text, 0, INT32_MAX, &n) && n < BACKLOG)
			log_warn("backlog_small", LOG_N("somaxconn", n), LOG_N("wanted", BACKLOG));
	}
	fclose(f);
}

/* Ours by path, or systemd's by name; both pools from the same source. */
static bool open_one(struct listener *l, const char *path, const char *group, struct err *err_r)
{
	const char *name = slot_role_name(l->role);
	int n, fd = notify_socket(name, &n);

	if (n <= 0)
		return open_path(l, path, group, err_r);
	if (fd < 0)
		return err_set(err_r, ERR_CONFIG,
			       "none of the %d sockets handed over is a listening unix stream called '%s' "
			       "(FileDescriptorName=)", n, name);
	l->fd = fd;
	l->inherited = true;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
		return true;
	return err_set(err_r, ERR_CONFIG, "inherited socket '%s': %s", name, strerror(errno));
}

bool listen_open(struct master *m, const struct conf *conf, struct err *err_r)
{
	if (str_eq(conf->fast_socket, conf->slow_socket))
		return err_field(err_r, ERR_CONFIG, "SLOW_SOCKET",
				 "FAST_SOCKET and SLOW_SOCKET are the same path; each pool needs its own");
	warn_backlog();
	return open_one(&m->listeners[0], conf->fast_socket, conf->socket_group, err_r) &&
	       open_one(&m->listeners[1], conf->slow_socket, conf->socket_group, err_r);
}

/* Only the file that we made: another master may have taken the path. */
static void remove_path(struct listener *l)
{
	struct stat st;

	if (*l->path && lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	l->path[0] = '\0';
}

void listen_shut(struct master *m)
{
	for (size_t i = 0; i < LISTENERS; i++) {
		struct listener *l = &m->listeners[i];

		if (l->fd < 0 || l->inherited)
			continue;
		remove_path(l);
		/* new ones are refused at once; workers drain those that wait */
		shutdown(l->fd, SHUT_RD);
	}
}

void listen_close(struct master *m)
{
	for (size_t i = 0; i < LISTENERS; i++) {
		struct listener *l = &m->listeners[i];

		remove_path(l);
		if (l->fd >= 0)
			close(l->fd);
		l->fd = -1;
	}
}
