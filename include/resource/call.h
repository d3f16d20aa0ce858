/*
 * resource/call.h - what a REST handler is given, and how it answers.
 * A handler reads top to bottom: guards, one op call, one reply.
 */
#ifndef PIERRE_RESOURCE_CALL_H
#define PIERRE_RESOURCE_CALL_H

#include "http/request.h"
#include "http/response.h"
#include "http/route.h"
#include "op/credential.h"

struct limit_outcome;   /* op/limit.h */

struct call {
	struct request *req;
	struct response *res;
	struct op *op;
	const struct route *const *tables;   /* all routes, for the one that describes them */
	const struct route *route;
	const char *const *params;   /* of the pattern, in order */
	const void *query;           /* query string as route->query's struct, NULL without one */
	const void *in;              /* body as route->in's struct, NULL without one */
	struct field_given given;    /* what the body named */
	struct credential credential;   /* that the guard judged; kind NULL of GUARD_PUBLIC */
	struct membership membership;   /* in the tenant of PLACE_NAMED */
	struct limit_outcome *limits;   /* where they stand, or what refuses; on the arena; NULL = not known */
};

/* Rows of many replies: {success, message, ...} is what the original answers. */
#define ROW_SUCCESS(s) FIELD(s, success, BOOL, FIELD_REQUIRED, "Always true")
#define ROW_MESSAGE(s) FIELD(s, message, TEXT, FIELD_REQUIRED, "What was done, for a person")

/* Reply with route->status and `out` as JSON by route->out. Returns true. */
bool call_reply(struct call *call, const void *out);

/* The whole of one request after its parameters: find the route (one whose row
 * is not whole is answered with 500), judge the guard, parse the body, run the
 * handler, fill the response (also errors). The body was read by the worker.
 * Never fails. */
void call_run(struct call *call, const struct route_match *match);

/* All tables of routes (resource/routes.h), NULL-terminated. */
extern const struct route *const route_tables[];

#endif
