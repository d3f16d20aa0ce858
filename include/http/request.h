/*
 * http/request.h - one HTTP request as nginx described it, checked (R2, R3).
 * Texts live until the reply; those that a log line needs after it (method_text,
 * path, request_id), in the arena.
 */
#ifndef PIERRE_HTTP_REQUEST_H
#define PIERRE_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/field.h"
#include "http/params.h"

/* HTTP_UNSET: of a route that does not say it; no request has it. */
enum http_method { HTTP_UNSET, HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE,
	HTTP_OPTIONS, HTTP_METHOD__COUNT, HTTP_OTHER = HTTP_METHOD__COUNT };

extern const char *const http_method_names[HTTP_METHOD__COUNT];   /* "GET" */

struct request {
	struct arena *arena;
	enum http_method method;
	const char *method_text;
	const char *path;           /* undecoded, without query, starts with '/' */
	const char *query;          /* without '?', "" when there is none */
	const char *request_id;     /* nginx's $request_id; made here when absent, or when
	                             * it has the shape of a secret */
	const char *remote_addr;    /* REMOTE_ADDR as nginx set it; never a header */
	const char *user_agent;     /* masked; "" when absent, at most 256 bytes */
	const char *content_type;   /* "" when absent */
	size_t content_length;
	const char *body;           /* set by the reader of the request; "" before */
	size_t body_len;
	const struct params *params;
};

/* From a FastCGI environment. False: 400 (missing REQUEST_METHOD, REQUEST_URI,
 * SERVER_PROTOCOL or sentinel PIERRE_END=1; role not RESPONDER; too many
 * parameters; a critical one twice: Authorization, X-API-Key, Content-Type,
 * Content-Length, Host, Idempotency-Key; a bad CONTENT_LENGTH).
 * request_id, path and method are usable for the log also then. */
bool request_init(struct request *r, struct arena *arena, char **params, struct err *err_r);

/* Value of a FastCGI parameter ("HTTP_X_API_KEY"), NULL when absent or empty. */
const char *request_param(const struct request *r, const char *name);

/* The query string -> struct `out`, by its field table (http/field_text.h has the form
 * of each value; what is not there is null). schema NULL: no parameter is known, and
 * out is not looked at. Values are percent-decoded (also '+'). A parameter that has no
 * row, or is there twice, bad escapes, control characters, bad UTF-8: ERR_INVALID
 * naming it; one that must be there: ERR_REQUIRED; out of its bounds: ERR_RANGE. */
bool request_query(const struct request *r, const struct field_schema *schema, void *out,
		   struct err *err_r);
/* The same, and parameters that have no row are ignored. */
bool request_query_known(const struct request *r, const struct field_schema *schema, void *out,
			 struct err *err_r);

#endif
