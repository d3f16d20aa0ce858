/* http/cors.c - the headers of the CORS protocol; base/origin.c has the list. */
#include "config.h"

#include "base/origin.h"
#include "http/cors.h"

#define MAX_AGE "600"   /* seconds: how long a browser may go by a preflight */

/* Headers that Pierre reads and a page may set. */
static const char may_send[] = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-API-Key";
/* Headers that a page may read beside the usual ones. */
static const char may_read[] =
	"ETag, Idempotency-Replayed, RateLimit, RateLimit-Policy, Retry-After, X-RateLimit-Limit, "
	"X-RateLimit-Remaining, X-RateLimit-Reset, X-RateLimit-Tier, X-Request-Id";

struct cors_page cors_read(const struct request *req)
{
	return (struct cors_page){
		.origin = request_param(req, "HTTP_ORIGIN"),
		.preflight = req->method == HTTP_OPTIONS &&
			     request_param(req, "HTTP_ACCESS_CONTROL_REQUEST_METHOD"),
	};
}

/* What the path takes; NULL = this is no answer to a preflight. */
static const char *preflight_methods(const struct cors_page *page, const struct response *res)
{
	if (!page->preflight || res->status != 204)
		return NULL;
	for (size_t i = 0; i < res->n_headers; i++)
		if (str_eq(res->headers[i].name, "Allow"))
			return res->headers[i].value;
	return NULL;
}

void cors_answer(const char *origins, const struct cors_page *page, struct response *res)
{
	const char *origin = page->origin;
	const char *methods = preflight_methods(page, res);

	response_header(res, "Vary", "Origin");
	if (!origin || !origins_have(origins, origin))
		return;
	response_header(res, "Access-Control-Allow-Origin", origin);
	if (!methods) {
		response_header(res, "Access-Control-Expose-Headers", may_read);
		return;
	}
	response_header(res, "Access-Control-Allow-Methods", methods);
	response_header(res, "Access-Control-Allow-Headers", may_send);
	response_header(res, "Access-Control-Max-Age", MAX_AGE);
}
