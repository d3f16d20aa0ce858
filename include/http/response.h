/*
 * http/response.h - the reply being made. Nothing is sent until the worker
 * does; a handler only fills this.
 */
#ifndef PIERRE_HTTP_RESPONSE_H
#define PIERRE_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "http/request.h"

#define RESPONSE_HEADERS_MAX 24

struct response {
	struct arena *arena;
	int status;                 /* 500 until a reply is made */
	struct { const char *name, *value; size_t len; } headers[RESPONSE_HEADERS_MAX];
	size_t n_headers;
	const char *content_type;   /* NULL = no body */
	const char *body;
	size_t body_len;
	bool is_public;             /* may be cached: no Cache-Control: no-store */
	const char *cause;          /* of a 5xx, for the log only; NULL = it is none */
};

void response_init(struct response *r, struct arena *arena);
/* Forget what was said after the first n headers. */
void response_restart(struct response *r, size_t n);
/* Both texts are constants or in the request's arena: they are not copied.
 * Values with control characters are dropped whole (header injection). */
void response_header(struct response *r, const char *name, const char *value);
void response_number(struct response *r, const char *name, int64_t value);
void response_body(struct response *r, const char *content_type, const char *body, size_t n);

/* A strong ETag, in double quotes, of what is shown; and 304 in place of the 200 to a GET
 * whose If-None-Match names it. Call it once the body is there. */
void response_tag(struct response *r, const struct request *req, const char *tag);
/* For public documents: the same, with a tag made from the body of a 200. */
void response_etag(struct response *r, const struct request *req);

/* The reply as CGI text: Status, headers, blank line, body (left out for HEAD
 * and 304, with the Content-Length of the GET). Adds X-Request-Id,
 * Cache-Control: no-store unless is_public, Content-Length. */
void response_write(const struct response *r, const char *request_id, bool head,
		    struct strbuf *out);

#endif
