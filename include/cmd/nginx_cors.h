/*
 * cmd/nginx_cors.h - the parts of the snippets that are for browsers: what nginx
 * says to a preflight, and to a page that calls what Pierre protects.
 */
#ifndef PIERRE_CMD_NGINX_CORS_H
#define PIERRE_CMD_NGINX_CORS_H

/* For each location that may answer such a page. An upstream that has said
 * Access-Control-Allow-Origin itself is left alone: browsers take no second one. */
#define NGINX_CORS_HEADERS(indent) \
	indent "add_header Vary $pierre_vary always;\n" \
	indent "add_header Access-Control-Expose-Headers $pierre_exposed always;\n" \
	indent "add_header Access-Control-Allow-Origin $pierre_allowed always;\n"

/* Before them in a refusal: the upstream does not answer that. */
#define NGINX_CORS_REFUSAL "    if ($pierre_cors) { set $pierre_cors answer; }\n"

extern const char nginx_cors_http[];        /* for the http block */
extern const char nginx_cors_question[];    /* first in the question to Pierre */
extern const char nginx_cors_locations[];   /* for the server block */

#endif
