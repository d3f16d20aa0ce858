/*
 * http/fcgi.c - one request on one connection through libfcgi 2.4.2.
 *
 * Owns the connection from begin to reply or drop; always closes it itself.
 * What libfcgi gets to read was judged by http/fcgi_guard.h before.
 */
#include "config.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "base/clock.h"
#include "http/fcgi.h"
#include "http/fcgi_guard.h"

#define LINGER_IDLE_MS 200     /* for a client still sending after the reply */
#define LINGER_MS 1000

struct fcgi {
	FCGX_Request req;
	int fd;                    /* -1 = no request */
	struct fcgi_guard guard;
};

bool fcgi_start(struct fcgi **f_r, struct err *err_r)
{
	*f_r = NULL;
	if (!fcgi_guard_works())
		return err_set(err_r, ERR_CONFIG, "This kernel has no SO_PEEK_OFF for unix sockets");
	/* libfcgi waits this long for the client when it closes by itself */
	if (setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "100", 1) != 0 || FCGX_Init() != 0)
		return err_set(err_r, ERR_INTERNAL, "libfcgi could not be set up");
	*f_r = calloc(1, sizeof(**f_r));
	if (!*f_r)
		return err_set(err_r, ERR_INTERNAL, "Out of memory");
	(*f_r)->fd = -1;
	return true;
}

void fcgi_free(struct fcgi **f)
{
	if (!f || !*f)
		return;
	fcgi_drop(*f);
	free(*f);
	*f = NULL;
}

/* Credentials and bodies must not stay on the heap. */
static void wipe(struct fcgi *f)
{
	for (char **p = f->req.envp; p && *p; p++)
		explicit_bzero(*p, strlen(*p));
	explicit_bzero(f->guard.bytes, f->guard.n);
	f->guard.n = 0;
}

/* Never FCGX_Finish_r: it waits for the client, and hides write errors. */
static void close_now(struct fcgi *f)
{
	wipe(f);
	FCGX_Free(&f->req, 0);
	FCGX_InitRequest(&f->req, -1, 0);
	close(f->fd);
	f->fd = -1;
}

void fcgi_drop(struct fcgi *f)
{
	if (f->fd >= 0)
		close_now(f);
}

static bool set_send_timeout(int fd, int64_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / SECOND_MS),
			      .tv_usec = (suseconds_t)(ms % SECOND_MS * 1000) };
	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0;
}

static bool hand_to_libfcgi(struct fcgi *f)
{
	FCGX_InitRequest(&f->req, -1, 0);
	f->req.ipcFd = f->fd;
	/* FCGX_Accept_r finishes the last request first, which would close this one */
	f->req.keepConnection = 1;
	if (FCGX_Accept_r(&f->req) != 0) {
		f->fd = f->req.ipcFd;   /* it closes what it does not like */
		return false;
	}
	f->req.keepConnection = 0;
	return FCGX_GetError(f->req.in) == 0;
}

bool fcgi_begin(struct fcgi *f, int fd, int64_t timeout_ms, char ***params_r)
{
	fcgi_drop(f);
	FCGX_InitRequest(&f->req, -1, 0);
	f->fd = fd;
	if (!set_send_timeout(fd, timeout_ms) ||
	    !fcgi_guard_read(&f->guard, fd, clock_monotonic() + timeout_ms) ||
	    !hand_to_libfcgi(f)) {
		fcgi_drop(f);
		return false;
	}
	*params_r = f->req.envp;
	return true;
}

bool fcgi_body(struct fcgi *f, struct request *r, size_t max, struct err *err_r)
{
	if (max > GUARD_BODY_MAX)
		max = GUARD_BODY_MAX;
	if (r->content_length > max)
		return err_set(err_r, ERR_TOO_LARGE, "The body may have at most %zu bytes", max);
	if (!f->guard.has_body || f->guard.content_length != r->content_length)
		return err_set(err_r, ERR_MALFORMED, "The body does not have Content-Length bytes");
	char *body = arena_alloc(r->arena, r->content_length + 1);
	int n = FCGX_GetStr(body, (int)r->content_length, f->req.in);
	if (n != (int)r->content_length || FCGX_GetChar(f->req.in) != EOF ||
	    FCGX_GetError(f->req.in) != 0)
		return err_set(err_r, ERR_MALFORMED, "The body could not be read");
	r->body = body;
	r->body_len = r->content_length;
	return true;
}

/* Closing with unread bytes looks like a reset; a client that is still sending
 * would see that instead of the reply. */
static void linger(struct fcgi *f)
{
	char waste[16384];
	int64_t end = clock_monotonic() + LINGER_MS;
	struct pollfd p = { .fd = f->fd, .events = POLLIN };
	if (f->guard.has_body) {   /* all of it is there */
		while (recv(f->fd, waste, sizeof(waste), MSG_DONTWAIT) == sizeof(waste))
			;
		return;
	}
	shutdown(f->fd, SHUT_WR);
	while (clock_monotonic() < end && poll(&p, 1, LINGER_IDLE_MS) == 1)
		if (recv(f->fd, waste, sizeof(waste), MSG_DONTWAIT) <= 0)
			return;
}

static bool send_all(struct fcgi *f, const char *text, size_t n)
{
	if (n > INT_MAX || FCGX_PutStr(text, (int)n, f->req.out) != (int)n)
		return false;
	/* the stream that is closed last writes END_REQUEST */
	return FCGX_FClose(f->req.err) == 0 && FCGX_FClose(f->req.out) == 0;
}

bool fcgi_reply(struct fcgi *f, const char *text, size_t n)
{
	if (f->fd < 0)
		return false;
	bool sent = send_all(f, text, n);
	if (sent)
		linger(f);
	close_now(f);
	return sent;
}
