/*
 * http/fcgi.h - the only layer that knows libfcgi (with http/fcgi_wipe.h).
 *
 * We accept() ourselves and hand libfcgi a connection, never its own accept
 * loop (R25). Its listening socket is -1, so that it cannot accept after a protocol
 * error either.
 */
#ifndef PIERRE_HTTP_FCGI_H
#define PIERRE_HTTP_FCGI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "http/request.h"
#include "http/response.h"

struct fcgi;   /* one connection, and the request on it */

/* Once per worker, after the signal handlers are installed (libfcgi replaces
 * default ones). Never in the master (R4). */
bool fcgi_start(struct fcgi **f_r, struct err *err_r);
/* For one more connection of this worker, which may not outlive `first`. */
struct fcgi *fcgi_another(struct fcgi *first);
void fcgi_free(struct fcgi **f);

/* Read one request from a freshly accepted blocking unix socket and hand out
 * its parameters, which live until the reply. Takes fd over, also when it
 * returns false (connection was not FastCGI, was cut short in the parameters,
 * or did not send them within timeout_ms; nothing was answered). Waits for the
 * body too, within the same timeout; fcgi_body says when it did not come. */
bool fcgi_begin(struct fcgi *f, int fd, int64_t timeout_ms, char ***params_r);

/* Whole body, at most max bytes (and 64 KiB). ERR_TOO_LARGE, or ERR_MALFORMED when STDIN
 * ended early, was aborted, or does not have CONTENT_LENGTH bytes (R3). */
bool fcgi_body(struct fcgi *f, struct request *r, size_t max, struct err *err_r);

/* Send and finish. False = the client had gone. A connection from fcgi_begin
 * is always closed (plain loop, R1); one that was adopted may go on, see
 * fcgi_state. */
bool fcgi_reply(struct fcgi *f, const char *text, size_t n);
/* Close without an answer. */
void fcgi_drop(struct fcgi *f);
/* fcgi_reply comes later: all that is not needed any more is wiped, parameters too, so it is
 * held no more. The caller keeps `what` for that time, and frees it. */
void fcgi_park(struct fcgi *f, void *what);
/* Not answered yet either, but its parameters stay: it is run again. since: any number but 0,
 * kept until the reply. */
void fcgi_hold(struct fcgi *f, int64_t since);
int64_t fcgi_held(const struct fcgi *f);   /* 0: it is not held */
void *fcgi_parked(const struct fcgi *f);   /* NULL = it is not */

/* --- connections of a loop that never waits for one of them (fast pool) -------- */

/* Take over a freshly accepted blocking unix socket. */
void fcgi_adopt(struct fcgi *f, int fd);

enum fcgi_seen {
	FCGI_GONE,       /* dropped: closed by the client, or not FastCGI */
	FCGI_NOTHING,    /* nothing has come */
	FCGI_HALF,       /* the request is not whole yet */
	FCGI_REQUEST,    /* answer it; *params_r live until the reply */
};
/* Look at what has come, without waiting. ended: no more can come. */
enum fcgi_seen fcgi_look(struct fcgi *f, bool ended, char ***params_r);

enum fcgi_state {
	FCGI_CLOSED,
	FCGI_ASKED,      /* a request on it waits for fcgi_reply */
	FCGI_KEPT,       /* every byte of the last request was read: the next may come */
	FCGI_LINGERING,  /* answered, while the client still sends: fcgi_linger */
};
enum fcgi_state fcgi_state_of(const struct fcgi *f);
int fcgi_fd(const struct fcgi *f);   /* to wait for events on; -1 = closed */
/* Throw away what has come; closed when the client has finished. */
void fcgi_linger(struct fcgi *f);

#endif
