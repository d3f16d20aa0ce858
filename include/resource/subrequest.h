/*
 * resource/subrequest.h - /verify as nginx's auth_request asks it, by the
 * snippet of nginx/pierre-auth.conf.
 *
 * auth_request passes on 2xx, 401 and 403, makes a 500 and an error line of
 * all else, and drops bodies. So the answer is 204, 401 or 403, the true
 * status stands in X-Pierre-Status (401, 403, 429 or 503), and the problem
 * body, one line of JSON, in X-Pierre-Problem; nginx makes the refusal of them.
 */
#ifndef PIERRE_RESOURCE_SUBREQUEST_H
#define PIERRE_RESOURCE_SUBREQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "http/request.h"
#include "http/response.h"

#define COST_MAX 1000

/* PIERRE_SUBREQUEST is 1: a parameter, which no client can forge. */
bool subrequest_is(const struct request *req);

/* The request that is judged, charged and recorded: the client's, as the
 * snippet tells it, or, asked directly, this one. */
struct client_request {
	const char *method;     /* ORIGINAL_METHOD */
	const char *path;       /* ORIGINAL_URI without its query, which may hold secrets */
	const char *route;      /* PIERRE_ROUTE, else the first segment of the path */
	const char *scope;      /* PIERRE_SCOPE: what the key must have, blanks between; NULL = nothing */
	uint32_t cost;          /* PIERRE_COST, 1..COST_MAX; else 1 */
	bool subrequest;        /* auth_request asks: it drops bodies */
};
/* False: the snippet was given a cost that is none (ERR_CONFIG). */
bool subrequest_read(const struct request *req, struct client_request *out,
		     struct err *err_r);

/* Turn the finished reply to a subrequest into what auth_request carries. proxied: of a route
 * that is internal, which may also answer that there is nothing (404, 409). */
void subrequest_answer(const struct request *req, bool proxied, struct response *res);

#endif
