/*
 * http/fcgi.h - the only file that knows libfcgi.
 *
 * We accept() ourselves and hand libfcgi a connection, never its own accept
 * loop: that loop spins after TERM (3.4 % of stops), has a lost-signal window,
 * and treats EAGAIN badly (reliability.md 0.3, style.md libfcgi). Its listening
 * socket is -1, so after a protocol error it cannot accept behind our back.
 */
#ifndef PIERRE_HTTP_FCGI_H
#define PIERRE_HTTP_FCGI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "http/request.h"
#include "http/response.h"

struct fcgi;

/* Once per worker, after the signal handlers are installed (libfcgi replaces
 * default ones). Never in the master (R4). */
bool fcgi_start(struct fcgi **f_r, struct err *err_r);
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

/* Send and finish. The connection is always closed (plain loop, R1). False =
 * the client had gone. */
bool fcgi_reply(struct fcgi *f, const char *text, size_t n);
/* Close without an answer. */
void fcgi_drop(struct fcgi *f);

#endif
