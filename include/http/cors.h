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

/* The page that sends a request, as its browser names it. */
struct cors_page {
	const char *origin;      /* NULL = the request is of no page of another origin */
	bool preflight;          /* the request is a preflight */
};
/* The texts are the request's. */
struct cors_page cors_read(const struct request *req);

/* Add the headers to an answer, also to an error: always Vary: Origin; for an origin of
 * the list (base/origin.h) the headers that a page may read, and on a preflight of a path
 * that exists those that it may send. Other origins get nothing, and are not repeated. */
void cors_answer(const char *origins, const struct cors_page *page, struct response *res);

#endif
