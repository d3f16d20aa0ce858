/*
 * http/fcgi.c - one request at a time on one connection through libfcgi 2.4.2.
 *
 * Owns the connection from begin or adoption to its end; always closes it
 * itself. What libfcgi gets to read was judged by http/fcgi_peek.h before.
 * A connection is kept only when the request was all that had come and libfcgi
 * has read all of it: bytes left over would be the next request (R1).
 */
#include "config.h"

#include <errno.h>
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
#include "http/fcgi_peek.h"
#include "http/fcgi_wipe.h"

#define LINGER_IDLE_MS 200     /* for a client still sending after the reply */
#define LINGER_MS 1000
#define ADOPTED_MS 1000        /* a reply fits what a socket queues, but for a huge one */

struct fcgi {
	FCGX_Request req;
	int fd;                    /* -1 = no connection */
	bool adopted;              /* by a loop that must not wait here */
	bool asked;                /* a request is under way */
	bool lingers;
	bool keep;                 /* after this request, if libfcgi has read all of it */
	bool has_body;             /* of the peek, which other connections use too */
	size_t bytes, content_length;
	size_t reply_bytes;        /* handed to libfcgi */
	struct fcgi_peek *peek;
	struct fcgi *owner;        /* of the peek */
	void *parked;
	int64_t held;              /* fcgi_hold(): 0 = it is not */
};

bool fcgi_start(struct fcgi **f_r, struct err *err_r)
{
	*f_r = NULL;
	if (!fcgi_peek_works())
		return err_set(err_r, ERR_CONFIG, "This kernel has no SO_PEEK_OFF for unix sockets");
	/* libfcgi waits this long for the client when it closes by itself */
	if (setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "100", 1) != 0 || FCGX_Init() != 0)
		return err_set(err_r, ERR_INTERNAL, "libfcgi could not be set up");
	if (!fcgi_wipe_works(err_r))
		return false;
	struct fcgi *f = calloc(1, sizeof(*f));
	struct fcgi_peek *peek = calloc(1, sizeof(*peek));
	if (!f || !peek) {
		free(f);
		free(peek);
		return err_set(err_r, ERR_INTERNAL, "Out of memory");
	}
	*f = (struct fcgi){ .fd = -1, .peek = peek, .owner = f };
	*f_r = f;
	return true;
}

struct fcgi *fcgi_another(struct fcgi *first)
{
	struct fcgi *f = calloc(1, sizeof(*f));
	if (f)
		*f = (struct fcgi){ .fd = -1, .peek = first->peek, .owner = first };
	return f;
}

void fcgi_free(struct fcgi **f)
{
	if (!f || !*f)
		return;
	fcgi_drop(*f);
	if ((*f)->owner == *f)
		free((*f)->peek);
	free(*f);
	*f = NULL;
}

/* Other connections use it too, so nothing of this one may stay in it. */
static void wipe_peek(struct fcgi_peek *g)
{
	explicit_bzero(g->bytes, g->n);
	g->n = 0;
}

/* Credentials and bodies must not stay on the heap. */
static void wipe(struct fcgi *f)
{
	for (char **p = f->req.envp; p && *p; p++)
		explicit_bzero(*p, strlen(*p));
	fcgi_wipe_request(&f->req, f->bytes);
	wipe_peek(f->peek);
}

/* Never FCGX_Finish_r: it waits for the client, and hides write errors. */
static void end_request(struct fcgi *f)
{
	wipe(f);
	fcgi_wipe_reply(&f->req, f->reply_bytes);
	f->asked = false;
	f->parked = NULL;
	f->held = 0;
	f->bytes = f->reply_bytes = 0;
	FCGX_Free(&f->req, 0);
	FCGX_InitRequest(&f->req, -1, 0);
}

static void close_now(struct fcgi *f)
{
	end_request(f);
	close(f->fd);
	f->fd = -1;
	f->lingers = false;
}

void fcgi_drop(struct fcgi *f)
{
	if (f->fd >= 0)
		close_now(f);
}

static bool set_timeout(int fd, int option, int64_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / SECOND_MS),
			      .tv_usec = (suseconds_t)(ms % SECOND_MS * 1000) };
	return setsockopt(fd, SOL_SOCKET, option, &tv, sizeof(tv)) == 0;
}

static bool hand_to_libfcgi(struct fcgi *f)
{
	f->bytes = f->peek->n;
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

/* Of the peek, what is needed until the reply. */
static void note(struct fcgi *f)
{
	f->asked = true;
	f->has_body = f->peek->has_body;
	f->content_length = f->peek->content_length;
	f->keep = f->adopted && f->peek->keep && f->has_body && f->peek->n == f->peek->at;
}

bool fcgi_begin(struct fcgi *f, int fd, int64_t timeout_ms, char ***params_r)
{
	fcgi_drop(f);
	FCGX_InitRequest(&f->req, -1, 0);
	f->fd = fd;
	f->adopted = false;
	if (!set_timeout(fd, SO_SNDTIMEO, timeout_ms) ||
	    !fcgi_peek_read(f->peek, fd, clock_monotonic() + timeout_ms) ||
	    !hand_to_libfcgi(f)) {
		fcgi_drop(f);
		return false;
	}
	note(f);
	*params_r = f->req.envp;
	return true;
}

void fcgi_adopt(struct fcgi *f, int fd)
{
	fcgi_drop(f);
	FCGX_InitRequest(&f->req, -1, 0);
	f->fd = fd;
	f->adopted = true;
	/* for a reply that does not fit; libfcgi never reads what is not there */
	set_timeout(fd, SO_SNDTIMEO, ADOPTED_MS);
	set_timeout(fd, SO_RCVTIMEO, ADOPTED_MS);
}

enum fcgi_seen fcgi_look(struct fcgi *f, bool ended, char ***params_r)
{
	enum peek_seen seen = fcgi_peek_look(f->peek, f->fd, ended);
	if (seen == PEEK_MORE) {
		bool nothing = f->peek->n == 0;
		wipe_peek(f->peek);     /* the socket still has it */
		return nothing ? FCGI_NOTHING : FCGI_HALF;
	}
	if (seen == PEEK_NONE || !hand_to_libfcgi(f)) {
		fcgi_drop(f);
		return FCGI_GONE;
	}
	note(f);
	*params_r = f->req.envp;
	return FCGI_REQUEST;
}

int fcgi_fd(const struct fcgi *f)
{
	return f->fd;
}

enum fcgi_state fcgi_state_of(const struct fcgi *f)
{
	if (f->fd < 0)
		return FCGI_CLOSED;
	if (f->asked)
		return FCGI_ASKED;
	return f->lingers ? FCGI_LINGERING : FCGI_KEPT;
}

bool fcgi_body(struct fcgi *f, struct request *r, size_t max, struct err *err_r)
{
	if (max > PEEK_BODY_MAX)
		max = PEEK_BODY_MAX;
	if (r->content_length > max)
		return err_set(err_r, ERR_TOO_LARGE, "The body may have at most %zu bytes", max);
	if (!f->has_body || f->content_length != r->content_length)
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

static bool has_unread(const struct fcgi *f)
{
	char byte;
	return f->bytes > LIBFCGI_BUFFER && recv(f->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* To the end of STDIN, without an error (R1). */
static bool drained(struct fcgi *f)
{
	char waste[256];   /* it is cleared, and mostly there is nothing */
	int n;
	while ((n = FCGX_GetStr(waste, sizeof(waste), f->req.in)) > 0)
		explicit_bzero(waste, (size_t)n);
	return FCGX_GetError(f->req.in) == 0 && !has_unread(f);
}

void fcgi_park(struct fcgi *f, void *what)
{
	f->keep = f->keep && drained(f);
	wipe(f);
	f->parked = what;
	f->held = 0;
}

void fcgi_hold(struct fcgi *f, int64_t since)
{
	f->held = since;
}

int64_t fcgi_held(const struct fcgi *f)
{
	return f->held;
}

void *fcgi_parked(const struct fcgi *f)
{
	return f->parked;
}

/* True: there may be more. */
static bool discard(struct fcgi *f)
{
	char waste[16384];
	ssize_t n;
	while ((n = recv(f->fd, waste, sizeof(waste), MSG_DONTWAIT)) > 0)
		explicit_bzero(waste, (size_t)n);
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Closing with unread bytes looks like a reset; a client that is still sending
 * would see that instead of the reply. */
static void wait_for_end(struct fcgi *f)
{
	int64_t end = clock_monotonic() + LINGER_MS;
	struct pollfd p = { .fd = f->fd, .events = POLLIN };
	shutdown(f->fd, SHUT_WR);
	while (clock_monotonic() < end && poll(&p, 1, LINGER_IDLE_MS) == 1)
		if (!discard(f))
			return;
}

static bool send_all(struct fcgi *f, const char *text, size_t n)
{
	f->reply_bytes = n;
	if (n > INT_MAX || FCGX_PutStr(text, (int)n, f->req.out) != (int)n)
		return false;
	/* the stream that is closed last writes END_REQUEST */
	return FCGX_FClose(f->req.err) == 0 && FCGX_FClose(f->req.out) == 0;
}

/* After a reply that was sent: keep, linger or close. */
static void settle(struct fcgi *f)
{
	if (f->keep) {
		end_request(f);
		return;
	}
	if (f->has_body) {   /* all of it is there */
		if (f->bytes > LIBFCGI_BUFFER)
			discard(f);
		close_now(f);
	} else if (f->adopted) {
		end_request(f);
		shutdown(f->fd, SHUT_WR);
		f->lingers = true;
	} else {
		wait_for_end(f);
		close_now(f);
	}
}

bool fcgi_reply(struct fcgi *f, const char *text, size_t n)
{
	if (f->fd < 0)
		return false;
	/* before the reply: after it the next request may come, and is not ours to read */
	f->keep = f->keep && drained(f);
	bool sent = send_all(f, text, n);
	if (sent)
		settle(f);
	else
		close_now(f);
	return sent;
}

void fcgi_linger(struct fcgi *f)
{
	if (!discard(f))
		close_now(f);
}
