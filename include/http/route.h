/*
 * http/route.h - a route is a row: method, pattern, pool, who may call, what
 * goes in and out, its documentation. Dispatch, 405/Allow, OPTIONS, body
 * limits, nginx's split into pools and the OpenAPI document all read the rows.
 */
#ifndef PIERRE_HTTP_ROUTE_H
#define PIERRE_HTTP_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/field.h"
#include "base/str.h"
#include "http/request.h"

#define ROUTE_PARAMS_MAX 4
#define ROUTE_SEGMENTS_MAX 16
#define BODY_SMALL 16384         /* bytes; the usual limit of a JSON body */
#define BODY_DOCUMENT 49152      /* of one with a JSON object that is kept (FIELD_JSON) */

/* Of both, 0 opens nothing: a row that does not set them is answered with 500. */
enum route_pool {
	POOL_UNSET,
	POOL_SLOW,
	POOL_FAST,         /* GET, about a millisecond, no bcrypt, no writes but the one that
	                    * takes a request of a provider's budget (op/budget.h) */
};
enum route_guard {
	GUARD_UNSET,
	GUARD_PUBLIC,      /* anybody                                          */
	GUARD_CREDENTIAL,  /* an API key or access token of an active user    */
	GUARD_SESSION,     /* an access token of an active user                */
	GUARD_SCOPED,      /* the same, or an API key that holds route.scope: that
	                    * is charged (cost 1) and recorded as by /verify     */
	GUARD_ADMIN,       /* an access token of an administrator; route.permission */
	GUARD_SUPER_ADMIN, /* the same of a super_admin                        */
};

/* In which tenant the caller of a route has to have a role. */
enum route_place {
	PLACE_ANY,         /* in none: the guard and the scope say whose rows */
	PLACE_OWN,         /* in the one that its session works in             */
	PLACE_NAMED,       /* in that of the first parameter of the pattern    */
};

/* What the ETag of a success is made of; If-None-Match of a GET gives 304. */
enum route_etag {
	ETAG_NONE,
	ETAG_BODY,         /* of a public document: the handler calls response_etag() */
	ETAG_VERSION,      /* of a record: its rows FIELD_VERSION (resource/version.h) */
};

/* Of an administrator's route that needs no permission in particular. */
#define PERMISSION_ANY "any"

/* A FastCGI parameter: no header of a client becomes one of this name. */
#define ROUTE_INTERNAL "PIERRE_INTERNAL"

struct call;   /* request, response and operation context: resource/call.h */
typedef bool route_fn(struct call *call, struct err *err_r);

struct route {
	enum http_method method;         /* GET also answers HEAD */
	const char *pattern;             /* "/api/keys/{id}": {x} takes one segment */
	const char *label;               /* "key_show": log, metrics, operationId */
	enum route_pool pool;
	enum route_guard guard;
	const char *scope;               /* of GUARD_SCOPED: one of route_scopes */
	struct {
		enum route_place place;
		unsigned may;            /* with this permission (model/tenant_role.h) */
		const char *word;        /* its name, for the document */
	} tenant;

	const char *permission;          /* of GUARD_ADMIN: what a credential needs that may not
					  * all that its owner may; PERMISSION_ANY = nothing */
	bool internal;                   /* nginx asks it itself, with the parameter ROUTE_INTERNAL;
					  * to a client there is nothing at this path */
	bool without_database;           /* may run before the database was checked */
	route_fn *fn;                    /* NULL ends a table */
	size_t body_max;                 /* bytes; 0 = a body means nothing: read
	                                  * up to BODY_SMALL and ignored */
	const struct field_schema *in;   /* body, NULL = none */
	const struct field_schema *query;   /* query parameters, NULL = none */
	bool other_query;                /* parameters that are not known are ignored: others
					  * made the URL (RFC 6749 section 4.1.2) */
	int status;                      /* of success */
	const struct field_schema *out;  /* NULL = no JSON body described */
	unsigned problems;               /* ERR_BITs of its rules; openapi_private.h has the rest */
	bool page;                       /* for a browser: it answers HTML, errors too */
	enum route_etag etag;
	bool if_match;                   /* of a change: takes If-Match (resource/version.h) */
	bool idempotent;                 /* of a POST that makes something: takes an
	                                  * Idempotency-Key (resource/claim.h) */
	const char *summary;             /* one sentence for OpenAPI */
};

#define ERR_BIT(kind) (1U << (kind))
_Static_assert(ERR__COUNT <= 32, "an err_kind is a bit of route.problems");

/* The scopes of an API key that open routes: these words exactly. Never by key: auth,
 * keys themselves, tenants, administration. NULL ends them. */
extern const char *const route_scopes[];

/* The row says all that a row must say: method, pattern, label, pool, guard and its
 * scope, status and summary, a permission where it is GUARD_ADMIN's or names a place;
 * its pattern is one that route_find can match, and only a POST with a guard is
 * idempotent: at most
 * ROUTE_SEGMENTS_MAX segments, of them ROUTE_PARAMS_MAX parameters. */
bool route_is_whole(const struct route *r);
/* Its method is PUT, PATCH or DELETE. */
bool route_changes(const struct route *r);

/* Is the parameter of that name, of n bytes, a UUID? {id} and {..._id} are. */
bool route_param_is_uuid(const char *name, size_t n);

/* A UUID is lower-cased here; a malformed one matches nothing (404). */
struct route_match {
	const struct route *route;       /* NULL: see `allow` */
	const char *params[ROUTE_PARAMS_MAX];
	const char *allow;               /* of a known path without it: "GET, HEAD, OPTIONS" */
};

/* tables: NULL-terminated list of tables. The path is decoded once, segment by
 * segment, and then matched, so that another spelling of an unreserved character
 * (RFC 3986 section 6.2.2.2) is the same path, as it is for nginx's locations. An
 * encoded slash (%2F), backslash or control character, a dot segment (plain or
 * encoded), an empty segment, a bad escape and bad UTF-8 match nothing; %25 is a
 * '%' that is not decoded again. */
void route_find(const struct route *const *tables, const struct request *req,
		struct route_match *out);

/* Position in the list of all rows; SIZE_MAX when it is not there. */
size_t route_number(const struct route *const *tables, const struct route *r);
/* The labels of all rows, in that order; NULL ends them. */
const char *const *route_labels(const struct route *const *tables, struct arena *arena);

/* The OpenAPI 3.1 document of the tables. False: ERR_INTERNAL names a schema of
 * which there are two. */
bool openapi_write(const struct route *const *tables, const char *version,
		   struct strbuf *out, struct err *err_r);

#endif
