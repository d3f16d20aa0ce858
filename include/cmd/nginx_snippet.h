/*
 * cmd/nginx_snippet.h - the files of nginx/ that protect an upstream of the
 * site's own with Pierre, and the tables that they are printed from, for the
 * checker. The functions that print write one file to standard output.
 */
#ifndef PIERRE_CMD_NGINX_SNIPPET_H
#define PIERRE_CMD_NGINX_SNIPPET_H

#include <stdbool.h>
#include <stddef.h>

/* The URI of the question, as auth_request names it. */
#define NGINX_QUESTION "/.pierre/auth"

/* Header of Pierre's answer -> $pierre_<variable>. */
enum nginx_goes { GOES_NOWHERE, GOES_UPSTREAM, GOES_CLIENT };
struct nginx_answer {
	const char *variable, *header;
	enum nginx_goes goes;
};
extern const struct nginx_answer nginx_answers[];   /* ends with { 0 } */

/* How a location passes a request on, the directive of its headers, and the
 * file of ours that says who calls. nginx inherits the lines of that directive
 * all or none (ngx_http_*_merge_loc_conf: headers_source, params_source). */
struct nginx_pass {
	const char *pass, *line, *file;
	const char *standard;   /* nginx's own file of such lines; NULL: none, or not included */
	bool cgi;               /* a header X-Y is HTTP_X_Y */
};
extern const struct nginx_pass nginx_passes[];      /* ends with { 0 } */

/* What the question sets because it would inherit it from the blocks around:
 * tests/http/nginx_inherit.t has every directive of nginx with its reason. */
struct nginx_seal {
	const char *name, *value;
	const char *site;       /* value in the locations of Pierre's own site; NULL: not set there */
	bool keeps;             /* without it each question takes a new connection */
	const char *token;      /* value where the answer holds a token; NULL: the same */
};
extern const struct nginx_seal nginx_seals[];       /* ends with { 0 } */

void nginx_print_http(void);        /* pierre-auth-http.conf */
void nginx_print_server(void);      /* pierre-auth-locations.conf */
void nginx_print_snippet(void);     /* pierre-auth.conf */
void nginx_print_uwsgi(void);       /* pierre-auth-uwsgi.conf */
void nginx_print_scgi(void);        /* pierre-auth-scgi.conf */
void nginx_print_grpc(void);        /* pierre-auth-grpc.conf */
/* Lines of a location that asks Pierre, by auth_request: at that path, with more parameters,
 * of which an answer with a token has some, waiting so many seconds. */
void nginx_print_asking(const char *path, const char *more, int read_s);
void nginx_print_seals(void);
void nginx_print_passed(int read_s);
/* Lines of a location that asks Pierre and answers the client itself: no body and no header
 * of the client; about which request; by whom, with the end of the parameters. */
extern const char nginx_asks_alone[], nginx_asks_of[], nginx_asks_by[];
extern const char nginx_problem[];  /* the body of a page that nginx makes itself */
void nginx_print_site_seal(void);   /* the seals that pierre-locations.conf has too */

/* The i-th header that our files set for, or keep from, the upstream; NULL
 * after the last. */
const char *nginx_upstream_header(size_t i);
/* Does a line of p->line with this first argument set the header? */
bool nginx_names_header(const struct nginx_pass *p, const char *name, const char *header);

#endif
