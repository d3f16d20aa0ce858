/*
 * http/problem.h - errors as RFC 9457 application/problem+json.
 *
 * One table maps every err_kind to HTTP status, the original's code name and
 * a title. Body: {type (mostly "about:blank"), title, status, detail, code,
 * reason?, field?, retry_after?, request_id}.
 */
#ifndef PIERRE_HTTP_PROBLEM_H
#define PIERRE_HTTP_PROBLEM_H

#include <stdint.h>

#include "base/err.h"
#include "http/response.h"

struct problem_kind {
	enum err_kind kind;
	int status;
	const char *code;     /* "AuthInvalid" */
	const char *title;
};
const struct problem_kind *problem_kind_of(enum err_kind kind);

/* Fills status, body, WWW-Authenticate on 401 (RFC 6750 section 3), Retry-After,
 * and of a 5xx the cause, unless the response has one. The
 * sentence of a 500, of ERR_UNCERTAIN, and of ERR_UNAVAILABLE without a reason
 * is for the log only (it names files and servers): the client gets a general
 * one. */
void problem_reply(struct response *res, const char *request_id, const struct err *err);

/* What this problem says beyond that (RFC 9457 section 3.2). */
struct problem_member {
	const char *name;     /* NULL ends the list; a literal of ours */
	const char *text;     /* NULL: number is meant */
	int64_t number;
	bool list;            /* text as the one item of an array */
};
/* A registered type in place of about:blank; literals. */
struct problem_type {
	const char *uri, *title;
};
void problem_reply_with(struct response *res, const char *request_id, const struct err *err,
			const struct problem_type *type, const struct problem_member *more);

#endif
