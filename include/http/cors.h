/*
 * http/cors.h - what lets a web page of another origin call Pierre's routes
 * (Fetch standard, "CORS protocol").
 *
 * Never Access-Control-Allow-Credentials: Pierre takes no cookies, and a page
 * sends its token itself. nginx's Cross-Origin-Resource-Policy: same-origin
 * does not hinder it: browsers judge that header only for answers that a page
 * cannot read ("opaque"; Fetch standard, "HTTP fetch").
 */
#ifndef PIERRE_HTTP_CORS_H
#define PIERRE_HTTP_CORS_H

#include "http/request.h"
#include "http/response.h"

/* What a browser says of the page that asks. */
struct cors_page {
	const char *origin;      /* NULL = no page of another origin asks */
	bool preflight;          /* it asks first what it may send */
};
/* The texts are the request's. */
struct cors_page cors_read(const struct request *req);

/* Add the headers to an answer, errors included: Vary: Origin always; of a page
 * whose origin is in the list (base/origin.h) what it may read, and for its
 * preflight of a path that there is what it may send. Another origin gets none,
 * and none is repeated that is not in the list. */
void cors_answer(const char *origins, const struct cors_page *page, struct response *res);

#endif
