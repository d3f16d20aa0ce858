/*
 * worker/metrics.c - HTTP/1.0 for one page on a unix socket: one client, one
 * GET or HEAD, one answer. Everything here is bounded, since the scheduler's jobs wait.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "worker/metrics.h"

#define BACKLOG 16
#define CLIENT_MS 500       /* to send the request, and to take the answer */
#define REQUEST_MAX 4096

struct metrics {
	const struct child *child;
	int fd;
	struct sockaddr_un address;
	dev_t dev;
	ino_t ino;
};

/* --- the socket ----------------------------------------------------------------- */

static bool failed(const char *path, const char *why)
{
	log_warn("metrics_off", LOG_S("socket", path), LOG_S("error", why));
	return false;
}

static void give_group(const char *path, const char *group)
{
	const struct group *gr = str_blank(group) ? NULL : getgrnam(group);

	if (gr && lchown(path, (uid_t)-1, gr->gr_gid) != 0)
		log_warn("metrics_group", LOG_S("socket", path), LOG_S("error", strerror(errno)));
}

/* Made beside its place and moved there, so that the path always leads to a
 * socket that listens. */
static bool bind_and_move(struct metrics *m, const char *path)
{
	struct sockaddr_un beside = { .sun_family = AF_UNIX };
	int n = snprintf(beside.sun_path, sizeof(beside.sun_path), "%s.%d", path, (int)getpid());
	mode_t mask;
	struct stat st;
	int rc;

	if (n < 0 || (size_t)n >= sizeof(beside.sun_path))
		return failed(path, "the path is too long");
	unlink(beside.sun_path);
	mask = umask(0117);
	rc = bind(m->fd, (const struct sockaddr *)&beside, sizeof(beside));
	umask(mask);
	if (rc != 0 || listen(m->fd, BACKLOG) != 0)
		return failed(path, strerror(errno));
	give_group(beside.sun_path, m->child->conf->socket_group);
	if ((lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) || rename(beside.sun_path, path) != 0 ||
	    lstat(path, &st) != 0) {
		unlink(beside.sun_path);
		return failed(path, "there is something else in its place, or it cannot be made");
	}
	m->dev = st.st_dev;
	m->ino = st.st_ino;
	return true;
}

struct metrics *metrics_open(const struct child *c)
{
	const char *path = c->conf->metrics_socket;
	struct metrics *m = *path ? calloc(1, sizeof(*m)) : NULL;

	if (!m)
		return NULL;
	m->child = c;
	m->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (m->fd >= 0 && bind_and_move(m, path)) {
		snprintf(m->address.sun_path, sizeof(m->address.sun_path), "%s", path);
		return m;
	}
	if (m->fd >= 0)
		close(m->fd);
	free(m);
	return NULL;
}

int metrics_fd(const struct metrics *m)
{
	return m ? m->fd : -1;
}

void metrics_close(struct metrics **m)
{
	struct stat st;

	if (!*m)
		return;
	close((*m)->fd);
	if (lstat((*m)->address.sun_path, &st) == 0 && st.st_dev == (*m)->dev &&
	    st.st_ino == (*m)->ino)
		unlink((*m)->address.sun_path);
	free(*m);
	*m = NULL;
}

/* --- one client --------------------------------------------------------------------- */

static bool wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t ms = deadline - clock_monotonic();

	return ms > 0 && poll(&p, 1, (int)ms) == 1;
}

/* Up to the empty line. */
static bool read_request(int fd, char request[REQUEST_MAX])
{
	int64_t deadline = clock_monotonic() + CLIENT_MS;
	size_t n = 0;

	while (n < REQUEST_MAX - 1 && wait_for(fd, POLLIN, deadline)) {
		ssize_t got = recv(fd, request + n, REQUEST_MAX - 1 - n, MSG_DONTWAIT);

		if (got <= 0)
			return false;
		n += (size_t)got;
		request[n] = '\0';
		if (strstr(request, "\r\n\r\n"))
			return true;
	}
	return false;
}

static void send_all(int fd, const char *s, size_t n)
{
	int64_t deadline = clock_monotonic() + CLIENT_MS;

	while (n > 0 && wait_for(fd, POLLOUT, deadline)) {
		ssize_t sent = send(fd, s, n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0)
			return;
		s += sent;
		n -= (size_t)sent;
	}
}

/* What was asked decides the first line, the body, and a header or two. */
struct page {
	const char *status, *header, *text;   /* text NULL: the metrics */
};
static const struct page found = { "200 OK", "", NULL };
static const struct page not_found = { "404 Not Found", "", "There is nothing here but /metrics.\n" };
static const struct page no_method = { "405 Method Not Allowed", "Allow: GET, HEAD\r\n",
				       "/metrics takes GET and HEAD.\n" };

/* The path behind the method; its query is ignored. */
static bool is_metrics(const char *target)
{
	static const char path[] = "/metrics";
	size_t n = sizeof(path) - 1;

	return strncmp(target, path, n) == 0 && (target[n] == ' ' || target[n] == '?');
}

static const struct page *page_of(const char *request)
{
	bool known = str_starts(request, "GET ") || str_starts(request, "HEAD ");

	if (!known)
		return &no_method;
	return is_metrics(strchr(request, ' ') + 1) ? &found : &not_found;
}

static void answer(const struct child *c, int fd, const char *request, struct arena *arena)
{
	const struct page *page = page_of(request);
	struct strbuf out = { .arena = arena }, body = { .arena = arena };

	if (page->text)
		strbuf_adds(&body, page->text);
	else
		metrics_text(c, &body);
	strbuf_addf(&out, "HTTP/1.0 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
		    "Content-Length: %zu\r\n%sCache-Control: no-store\r\nConnection: close\r\n\r\n",
		    page->status, body.len, page->header);
	if (!str_starts(request, "HEAD "))
		strbuf_add(&out, body.s, body.len);
	send_all(fd, out.s, out.len);
}

void metrics_serve(struct metrics *m, struct arena *arena)
{
	int fd = accept4(m->fd, NULL, NULL, SOCK_CLOEXEC);
	char request[REQUEST_MAX];

	if (fd < 0)
		return;
	if (read_request(fd, request))
		answer(m->child, fd, request, arena);
	close(fd);
}
