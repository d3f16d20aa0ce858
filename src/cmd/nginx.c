/*
 * pierre nginx print: the parts of nginx/ that follow from the routes, from
 * their rows, and from the headers of /verify (nginx_snippet.c).
 * What stands in nginx/ is this output; tests/http/nginx_print.t compares.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cmd/context.h"
#include "cmd/nginx_proxy.h"
#include "cmd/nginx_snippet.h"
#include "cmd/tables.h"
#include "resource/call.h"

/* --- the site's locations ------------------------------------------------------- */

static const char site_head[] =
	"# Pierre, once in a server block: everything below / is Pierre's. Routes that\n"
	"# take about a millisecond go to the fast pool, on kept connections; passwords,\n"
	"# writes and lists go to the slow one, so that no check of a key waits for a\n"
	"# login. Written by `pierre nginx print` from the table of routes.\n"
	"include snippets/pierre-params.conf;\n"
	"include snippets/pierre-headers.conf;\n"
	"include snippets/pierre-auth-locations.conf;\n"
	"\n"
	"server_tokens off;\n"
	"client_max_body_size 64k;\n"
	"client_body_buffer_size 64k;\n"
	"client_header_timeout 5s;\n"
	"client_body_timeout 5s;\n"
	"send_timeout 10s;\n"
	"large_client_header_buffers 4 8k;\n"
	"reset_timedout_connection on;\n"
	"limit_conn pierre_address 256;\n"
	"limit_conn_status 429;\n"
	"limit_req_status 429;\n"
	"gzip off;                      # it makes ETags weak, and If-Match takes none of those\n"
	"\n"
	"fastcgi_keep_conn off;         # but for the fast pool, below\n"
	"fastcgi_request_buffering on;\n"
	"fastcgi_connect_timeout 1s;\n"
	"fastcgi_send_timeout 10s;\n"
	"fastcgi_read_timeout 15s;      # above REQUEST_DEADLINE_MS, so that Pierre answers first\n"
	"fastcgi_next_upstream off;     # a POST is never sent twice\n"
	"fastcgi_hide_header X-Pierre-Internal;\n";
#define ERROR_PAGES(indent) \
	indent "error_page 400 404 405 413 414 429 500 501 502 503 504 /.pierre/error;\n" \
	indent "error_page 494 =431 /.pierre/error;\n" \
	indent "error_page 495 496 497 =400 /.pierre/error;\n"
static const char site_errors[] = "\n" ERROR_PAGES("") "\n";

/* A worker that ends closes its connections: nginx repeats, by this, what it
 * had sent down one of them. Only what may be repeated: without non_idempotent.
 * What it would not repeat is no method of these routes, and ends in nginx: it
 * would be 502 in a reload. */
static const char fast_block[] =
	" {\n"
	"    fastcgi_keep_conn on;\n"
	"    fastcgi_next_upstream error timeout;   # a reload closes kept connections\n"
	"    fastcgi_pass pierre_fast;\n"
	"    if ($pierre_once) { set $pierre_allow \"GET, HEAD, OPTIONS\"; return 405; }\n"
	"}\n";
/* Of a path whose other methods write: they are no business of the fast pool. A named
 * location keeps method and body; error_page here takes the place of those above. Without
 * recursive_error_pages the errors of the slow pool would be nginx's own: 418 was one already. */
static const char mixed_block[] =
	" {\n"
	"    fastcgi_keep_conn on;\n"
	"    fastcgi_next_upstream error timeout;\n"
	"    fastcgi_pass pierre_fast;\n"
	ERROR_PAGES("    ")
	"    error_page 418 = @pierre_slow;\n"
	"    recursive_error_pages on;\n"
	"    if ($request_method !~ ^(?:GET|HEAD|OPTIONS)$) { return 418; }\n"
	"}\n";
static const char slow_block[] = "location @pierre_slow { fastcgi_pass pierre_slow; }\n";
static const char login_block[] =
	" {\n"
	"    limit_req zone=pierre_login burst=20 nodelay;\n"
	"    fastcgi_pass pierre_slow;\n"
	"}\n";

/* "/api/keys/{id}/x" -> "~ ^/api/keys/[^/]+/x$" */
static void print_location(const char *pattern)
{
	if (!strchr(pattern, '{')) {
		printf("location = %s", pattern);
		return;
	}
	fputs("location ~ ^", stdout);
	for (const char *p = pattern; *p; p++) {
		if (*p == '{') {
			fputs("[^/]+", stdout);
			p = strchr(p, '}');
		} else {
			putchar(*p);
		}
	}
	putchar('$');
}

static void print_routes(bool (*wanted)(const struct route *r), const char *block)
{
	const char *last = "";

	for (const struct route *const *table = route_tables; *table; table++)
		for (const struct route *r = *table; r->fn; r++) {
			if (!wanted(r) || str_eq(r->pattern, last))
				continue;
			print_location(r->pattern);
			fputs(block, stdout);
			last = r->pattern;
		}
}

/* Has another route of this path another pool? */
static bool is_mixed(const struct route *of)
{
	for (const struct route *const *table = route_tables; *table; table++)
		for (const struct route *r = *table; r->fn; r++)
			if (str_eq(r->pattern, of->pattern) && r->pool != of->pool)
				return true;
	return false;
}

static bool is_fast(const struct route *r)
{
	return r->pool == POOL_FAST && !r->internal && !is_mixed(r);
}

static bool is_fast_mixed(const struct route *r)
{
	return r->pool == POOL_FAST && is_mixed(r);
}

/* A route that writes without a credential takes a secret, which attackers would try. */
static bool is_login(const struct route *r)
{
	return r->pool == POOL_SLOW && r->guard == GUARD_PUBLIC && r->method == HTTP_POST;
}

static void print_site(void)
{
	fputs(site_head, stdout);
	puts("# what the http block sets is not set here: it could answer in Pierre's place");
	nginx_print_site_seal();
	fputs(site_errors, stdout);
	print_routes(is_fast, fast_block);
	print_routes(is_fast_mixed, mixed_block);
	fputs(slow_block, stdout);
	putchar('\n');
	print_routes(is_login, login_block);
	puts("location / { fastcgi_pass pierre_slow; }");
}

/* --- the command ----------------------------------------------------------------------- */

struct print_options {
	bool snippet, server, http, uwsgi, scgi, grpc, proxy, proxy_ask, proxy_pass;
};
static const struct field print_fields[] = {
	FIELD(struct print_options, snippet, BOOL, 0,
	      "Print pierre-auth.conf, for each location that Pierre protects"),
	FIELD(struct print_options, server, BOOL, 0,
	      "Print pierre-auth-locations.conf, for a server block that has such"),
	FIELD(struct print_options, http, BOOL, 0,
	      "Print pierre-auth-http.conf, for the http block"),
	FIELD(struct print_options, uwsgi, BOOL, 0,
	      "Print pierre-auth-uwsgi.conf, beside pierre-auth.conf for uwsgi_pass"),
	FIELD(struct print_options, scgi, BOOL, 0,
	      "Print pierre-auth-scgi.conf, beside pierre-auth.conf for scgi_pass"),
	FIELD(struct print_options, grpc, BOOL, 0,
	      "Print pierre-auth-grpc.conf, beside pierre-auth.conf for grpc_pass"),
	FIELD(struct print_options, proxy, BOOL, 0,
	      "Print pierre-proxy.conf, for a server block that sends requests on to providers"),
	FIELD(struct print_options, proxy_ask, BOOL, 0, "Print pierre-proxy-ask.conf, which that file needs"),
	FIELD(struct print_options, proxy_pass, BOOL, 0, "Print pierre-proxy-pass.conf, which that file needs"),
	{ 0 },
};
static const struct field_schema print_schema =
	FIELD_SCHEMA("NginxPrint", struct print_options, print_fields);

static bool print(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct print_options *which = in;
	const struct {
		bool asked;
		void (*print)(void);
	} parts[] = {
		{ which->snippet, nginx_print_snippet }, { which->server, nginx_print_server },
		{ which->http, nginx_print_http }, { which->uwsgi, nginx_print_uwsgi },
		{ which->scgi, nginx_print_scgi }, { which->grpc, nginx_print_grpc },
		{ which->proxy, nginx_print_proxy }, { which->proxy_ask, nginx_print_proxy_ask },
		{ which->proxy_pass, nginx_print_proxy_pass },
		{ true, print_site },
	}, *p = parts;

	(void)c;
	(void)out;
	(void)err_r;
	while (!p->asked)
		p++;
	p->print();
	return true;
}

struct providers_options {
	const char *resolver;
};
static const struct field providers_fields[] = {
	FIELD(struct providers_options, resolver, TEXT, FIELD_NULLABLE,
	      "Servers that nginx asks for the addresses of providers; left out: those of /etc/resolv.conf",
	      .min = 1, .max = 500),
	{ 0 },
};
static const struct field_schema providers_schema =
	FIELD_SCHEMA("NginxProviders", struct providers_options, providers_fields);

static bool print_providers(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct providers_options *o = in;

	(void)out;
	return nginx_print_providers(c->args->conf, o->resolver, c->arena, err_r);
}

const struct cmd nginx_commands[] = {
	{ .words = "nginx print", .operands = "", .needs = NEEDS_NOTHING, .fn = print,
	  .in = &print_schema,
	  .sentence = "Print the nginx configuration that follows from the routes.",
	  .detail = "Without an option: pierre-locations.conf, for the server block of the whole site." },
	{ .words = "nginx providers", .operands = "", .needs = NEEDS_CONF, .fn = print_providers,
	  .in = &providers_schema,
	  .sentence = "Print where providers are, for nginx: snippets/pierre-providers.conf.",
	  .detail = "From their rows as they are now, for pierre-proxy.conf. Its comments say which of them "
		    "move, and when it is to be printed again." },
	{ 0 },
};
