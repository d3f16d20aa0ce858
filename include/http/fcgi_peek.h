/*
 * http/fcgi_peek.h - judges a FastCGI request before libfcgi sees it.
 *
 * libfcgi 2.4.2 must not read what was not checked (R24). So the whole request is
 * first read with MSG_PEEK, which leaves it in the socket: libfcgi then reads only
 * bytes that are known to be one well-formed request, and never blocks.
 */
#ifndef PIERRE_HTTP_FCGI_PEEK_H
#define PIERRE_HTTP_FCGI_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEEK_BODY_MAX 65536     /* bytes; nginx's client_max_body_size */
/* Parameters, body and record headers. Must stay below what a socket queues
 * (net.core.wmem_default, 208 KiB). */
#define PEEK_BYTES (3 * 65536)

struct fcgi_peek {
	size_t n;                /* bytes seen */
	size_t at;               /* where the next record begins */
	size_t params_len;       /* of the parameters, gathered at the start of bytes */
	size_t content_length;   /* SIZE_MAX: over PEEK_BODY_MAX or not a number */
	unsigned id;
	bool has_body;           /* STDIN is there, whole, content_length bytes */
	bool keep;               /* the client asks to keep the connection */
	bool cut;                /* by what we have seen, more must come */
	unsigned char bytes[PEEK_BYTES];
};

/* Can this kernel do it? (SO_PEEK_OFF on unix sockets) */
bool fcgi_peek_works(void);

/* Wait for one request on a fresh blocking connection. False: it is none, it
 * was cut short or aborted before the parameters ended, or the moment
 * `deadline` (monotonic ms) passed. */
bool fcgi_peek_read(struct fcgi_peek *g, int fd, int64_t deadline);

enum peek_seen {
	PEEK_NONE,       /* no request, or a closed connection: drop it */
	PEEK_MORE,       /* none yet, or half of one: look again when more came */
	PEEK_REQUEST,    /* as fcgi_peek_read's true */
};
/* One look that never waits, at all that is there. ended: the other side has
 * closed its end, so half of a request stays half. Only when n == at afterwards
 * is the request all that is there. Not to be mixed with fcgi_peek_read on
 * one connection. */
enum peek_seen fcgi_peek_look(struct fcgi_peek *g, int fd, bool ended);

#endif
