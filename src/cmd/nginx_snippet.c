/*
 * cmd/nginx_snippet.c - the snippets of `pierre nginx print`: what protects an
 * upstream of the site's own, from the headers that /verify answers with.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "cmd/nginx_cors.h"
#include "cmd/nginx_snippet.h"
#include "resource/call.h"

/* --- the snippet: what auth_request brings back ------------------------------------ */

/* Not part of /verify's answer: they only let the request pass. */
static const char *const credentials[] = { "Authorization", "X-API-Key" };
#define CREDENTIALS (sizeof(credentials) / sizeof(credentials[0]))

const struct nginx_answer nginx_answers[] = {
	{ "status", "X-Pierre-Status", GOES_NOWHERE },
	{ "problem", "X-Pierre-Problem", GOES_NOWHERE },
	{ "wait", "Retry-After", GOES_NOWHERE },
	{ "auth", "X-Pierre-Auth", GOES_UPSTREAM },
	{ "key_id", "X-Pierre-Key-Id", GOES_UPSTREAM },
	{ "user_id", "X-Pierre-User-Id", GOES_UPSTREAM },
	{ "tenant_id", "X-Pierre-Tenant-Id", GOES_UPSTREAM },
	{ "tier", "X-Pierre-Tier", GOES_UPSTREAM },
	{ "scopes", "X-Pierre-Scopes", GOES_UPSTREAM },
	{ "limit_policy", "RateLimit-Policy", GOES_CLIENT },
	{ "limit", "RateLimit", GOES_CLIENT },
	{ "limit_max", "X-RateLimit-Limit", GOES_CLIENT },
	{ "limit_left", "X-RateLimit-Remaining", GOES_CLIENT },
	{ "limit_reset", "X-RateLimit-Reset", GOES_CLIENT },
	{ "limit_tier", "X-RateLimit-Tier", GOES_CLIENT },
	{ 0 },
};

const struct nginx_pass nginx_passes[] = {
	{ "proxy_pass", "proxy_set_header", "pierre-auth.conf", NULL, false },
	{ "fastcgi_pass", "fastcgi_param", "pierre-auth.conf", NULL, true },
	{ "uwsgi_pass", "uwsgi_param", "pierre-auth-uwsgi.conf", "uwsgi_params", true },
	{ "scgi_pass", "scgi_param", "pierre-auth-scgi.conf", "scgi_params", true },
	{ "grpc_pass", "grpc_set_header", "pierre-auth-grpc.conf", NULL, false },
	{ 0 },
};

/* X-Pierre-Key-Id -> x_pierre_key_id, or X_PIERRE_KEY_ID */
static void print_folded(const char *header, bool upper)
{
	for (const char *p = header; *p; p++) {
		unsigned char c = (unsigned char)*p;

		putchar(c == '-' ? '_' : upper ? toupper(c) : tolower(c));
	}
}

/* The size limits belong to each other: nginx compares them when it starts, so
 * a limit of the site's beside one of ours could keep it from starting. */
const struct nginx_seal nginx_seals[] = {
	{ "fastcgi_cache", "off", "off", false, NULL },
	{ "fastcgi_store", "/dev/null/never", "off", true, NULL },
	{ "fastcgi_buffering", "on", "on", true, NULL },
	{ "fastcgi_keep_conn", "on", NULL, true, NULL },
	{ "fastcgi_intercept_errors", "off", "off", false, NULL },
	{ "fastcgi_limit_rate", "0", "0", false, NULL },
	{ "fastcgi_bind", "off", "off", false, NULL },
	{ "fastcgi_next_upstream_tries", "0", "0", false, NULL },
	{ "fastcgi_next_upstream_timeout", "0", "0", false, NULL },
	{ "fastcgi_buffer_size", "8k", NULL, false, "16k" },
	{ "fastcgi_buffers", "8 8k", NULL, false, "8 16k" },
	{ "fastcgi_busy_buffers_size", "16k", NULL, false, "32k" },
	{ "fastcgi_max_temp_file_size", "0", NULL, false, NULL },
	{ "fastcgi_temp_file_write_size", "16k", NULL, false, "32k" },
	{ "client_max_body_size", "0", NULL, false, NULL },
	{ "auth_request", "off", NULL, false, NULL },
	{ "error_page", "404 /.pierre/error", NULL, false, NULL },   /* a client that asks for the question */
	{ 0 },
};

static void print_seals(bool keeps, bool token)
{
	for (const struct nginx_seal *s = nginx_seals; s->name; s++)
		if (s->keeps == keeps)
			printf("    %s %s;\n", s->name, token && s->token ? s->token : s->value);
}

void nginx_print_seals(void)
{
	print_seals(false, false);
	print_seals(true, false);
}

void nginx_print_site_seal(void)
{
	for (const struct nginx_seal *s = nginx_seals; s->name; s++)
		if (s->site)
			printf("%s %s;\n", s->name, s->site);
}

static const char http_head[] =
	"# Once in the http block (pierre-http.conf has it): what pierre-auth.conf keeps\n"
	"# of Pierre's answer. Each client request is checked and charged once, even when\n"
	"# nginx redirects it internally (an index, try_files, PHP, an error_page): then the\n"
	"# first answer stands. Only a location with another $pierre_scope checks and\n"
	"# charges it again. Written by `pierre nginx print --http`.\n"
	"\n"
	"# `set` these in a location that differs: a name for the reports (else the first\n"
	"# part of the path), what one request costs, and the scope that a key must have.\n"
	"map $server_port $pierre_route { default \"\"; }\n"
	"map $server_port $pierre_cost { default 1; }\n"
	"map $server_port $pierre_scope { default \"\"; }\n"
	"\n"
	"# Do not set these: they hold what Pierre has answered so far.\n"
	"map $server_port $pierre_passed { default \"\"; }\n"
	"# The question sets this when it goes to Pierre: then its answer counts, otherwise the\n"
	"# first one. The maps have this variable as their key, since nginx would search the\n"
	"# headers for each of them.\n"
	"map $server_port $pierre_sent { default \"\"; }\n";

static const char proxy_http[] =
	"\n"
	"# pierre-proxy.conf: a provider does not accept a token\n"
	"map $server_port $pierre_provider { default \"\"; }\n"
	"map $server_port $pierre_api { default \"\"; }\n"
	"map $server_port $pierre_base { default \"\"; }\n"
	"map $server_port $pierre_mark { default \"\"; }\n"
	"map $server_port $pierre_refused { default \"\"; }\n"
	"map \"$request_method $pierre_refused $pierre_mark\" $pierre_repeat {\n"
	"    volatile;\n"
	"    \"~^(?:GET|HEAD)  .\" @pierre_again;\n"
	"    default @pierre_refused;\n"
	"}\n";

void nginx_print_http(void)
{
	fputs(http_head, stdout);
	for (const struct nginx_answer *a = nginx_answers; a->variable; a++) {
		printf("map $server_port $pierre_%s { default \"\"; }\n", a->variable);
		printf("map $pierre_sent $pierre_said_%s "
		       "{ volatile; \"\" $pierre_%s; default $upstream_http_", a->variable, a->variable);
		print_folded(a->header, false);
		puts("; }");
	}
	fputs(nginx_cors_http, stdout);
	fputs(proxy_http, stdout);
}

const char nginx_problem[] =
	"'{\"type\":\"about:blank\",\"title\":\"$pierre_title\",\"status\":$status,"
	"\"detail\":\"$pierre_detail\",\"code\":\"$pierre_code\",\"request_id\":\"$request_id\"}\\n'";

static const char page_head[] =
	"    internal;\n"
	"    auth_request off;\n"
	"    include snippets/pierre-headers.conf;\n"
	"    add_header X-Request-Id $request_id always;\n"
	"    add_header Cache-Control no-store always;\n"
	"    types { }\n"
	"    default_type application/problem+json;\n"
	NGINX_CORS_HEADERS("    ");

static const char question_head[] =
	"# Once in each server block that protects something with pierre-auth.conf\n"
	"# (pierre-locations.conf has it already): the question to Pierre, and the pages\n"
	"# for a refusal. The question has parameters of its own: it is always a GET without\n"
	"# a body, and of the client's headers only the credentials go along.\n"
	"# Written by `pierre nginx print --server`.\n"
	"location = /.pierre/auth {\n"
	"    internal;\n"
	"    set $pierre_sent \"\";\n";
static const char question_asked[] =
	"    # checked and charged already, and this location demands no other scope\n"
	"    set $pierre_now \"$pierre_status $pierre_scope\";\n"
	"    if ($pierre_now = \"204 \") { return 204; }\n"
	"    if ($pierre_passed = \"204 $pierre_scope\") { return 204; }\n"
	"    set $pierre_sent 1;\n";
static const char question_kept[] =
	"    # auth_request wants no body. nginx reads such an answer to its end, and so gives the\n"
	"    # connection back to `keepalive`, only when it is to be stored. Nothing is stored: only\n"
	"    # a 200 with a body would be, and no file can be made below /dev/null.\n";
const char nginx_asks_alone[] =
	"    fastcgi_pass_request_headers off;\n"
	"    fastcgi_pass_request_body off;\n"
	"    fastcgi_param REQUEST_METHOD GET;\n";
const char nginx_asks_of[] =
	"    fastcgi_param SERVER_PROTOCOL $server_protocol;\n"
	"    fastcgi_param CONTENT_LENGTH \"\";\n"
	"    fastcgi_param REMOTE_ADDR $remote_addr;\n"
	"    fastcgi_param HTTPS $https if_not_empty;\n"
	"    fastcgi_param REQUEST_ID $request_id;\n";
const char nginx_asks_by[] =
	"    fastcgi_param ORIGINAL_METHOD $request_method;\n"
	"    fastcgi_param ORIGINAL_URI $request_uri;\n"
	"    fastcgi_param HTTP_AUTHORIZATION $http_authorization if_not_empty;\n"
	"    fastcgi_param HTTP_X_API_KEY $http_x_api_key if_not_empty;\n"
	"    fastcgi_param HTTP_USER_AGENT $http_user_agent if_not_empty;\n"
	"    fastcgi_param PIERRE_END 1;\n";
static const char question_params[] =
	"    fastcgi_param PIERRE_SUBREQUEST 1;\n"
	"    fastcgi_param PIERRE_ROUTE $pierre_route;\n"
	"    fastcgi_param PIERRE_COST $pierre_cost;\n"
	"    fastcgi_param PIERRE_SCOPE $pierre_scope;\n";

void nginx_print_passed(int read_s)
{
	printf("    fastcgi_connect_timeout 1s;\n"
	       "    fastcgi_send_timeout 5s;\n"
	       "    fastcgi_read_timeout %ds;\n"
	       "    fastcgi_next_upstream error timeout;\n"
	       "    fastcgi_pass pierre_fast;\n", read_s);
}

/* A page that keeps the status of the error. */
static void print_error_page(void)
{
	printf("location = /.pierre/error {\n"
	       "    set $pierre_cors answer;   # also for what nginx refuses before it is in a location\n%s"
	       "    add_header Allow $pierre_allow always;\n"
	       "    add_header Retry-After $pierre_retry_after always;\n"
	       "    # the status is that of the error: nginx keeps it over an internal redirect\n"
	       "    return 200 %s;\n}\n", page_head, nginx_problem);
}

static void print_denied(void)
{
	static const int statuses[] = { 401, 403, 404, 409, 429, 503 };

	printf("# Pierre said no: its status and its words.\n"
	       "location @pierre_denied {\n" NGINX_CORS_REFUSAL "%s"
	       "    add_header Retry-After $pierre_wait always;\n", page_head + strlen("    internal;\n"));
	for (const struct nginx_answer *a = nginx_answers; a->variable; a++)
		if (a->goes == GOES_CLIENT)
			printf("    add_header %s $pierre_%s always;\n", a->header, a->variable);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		printf("    if ($pierre_status = %d) { return %d \"$pierre_problem\\n\"; }\n",
		       statuses[i], statuses[i]);
	printf("    return 403 %s;\n}\n", nginx_problem);
}

static void print_away(void)
{
	printf("# Pierre did not answer, so no request passes.\n"
	       "location @pierre_away {\n" NGINX_CORS_REFUSAL "%s"
	       "    add_header Retry-After $pierre_retry_after always;\n"
	       "    if ($pierre_status = 204) { return 500 %s; }\n"
	       "    return 503 %s;\n}\n", page_head + strlen("    internal;\n"), nginx_problem,
	       nginx_problem);
}

static const char *verify_pattern(void)
{
	for (const struct route *const *table = route_tables; *table; table++)
		for (const struct route *r = *table; r->fn; r++)
			if (str_eq(r->label, "verify"))
				return r->pattern;
	return "/verify";
}

void nginx_print_asking(const char *path, const char *more, int read_s)
{
	puts("    # what a block around sets is not set here: it could answer in Pierre's place");
	print_seals(false, *more);
	fputs(question_kept, stdout);
	print_seals(true, *more);
	fputs(nginx_asks_alone, stdout);
	printf("    fastcgi_param REQUEST_URI %s;\n", path);
	fputs(nginx_asks_of, stdout);
	fputs(question_params, stdout);
	fputs(more, stdout);
	fputs(nginx_asks_by, stdout);
	nginx_print_passed(read_s);
}

void nginx_print_server(void)
{
	fputs(question_head, stdout);
	fputs(nginx_cors_question, stdout);
	fputs(question_asked, stdout);
	nginx_print_asking(verify_pattern(), "", 5);
	puts("}");
	print_denied();
	print_away();
	print_error_page();
	fputs(nginx_cors_locations, stdout);
}

static const char snippet_head[] =
	"# Protect an upstream with Pierre: include this file in its location. A request\n"
	"# without a good key or access token, or over a limit, ends here. The upstream\n"
	"# gets the caller in X-Pierre-*, which a client cannot forge, and not the\n"
	"# credential; for uwsgi_pass, scgi_pass and grpc_pass include\n"
	"# pierre-auth-uwsgi.conf, -scgi.conf or -grpc.conf too. Your own add_header and\n"
	"# error_page lines of the server block do not reach a location that has such\n"
	"# lines: repeat them beside this.\n"
	"# Written by `pierre nginx print --snippet`.\n"
	"auth_request /.pierre/auth;\n";
static const char snippet_tail[] =
	"# bursts of one credential; the zone is in pierre-http.conf. Where this is used,\n"
	"# a `location ~` must name its captures: the zone's own takes the place of $1.\n"
	"# limit_req zone=pierre_burst burst=200 nodelay;\n"
	"limit_req_status 429;\n"
	"error_page 401 403 = $pierre_refusal;\n"
	"error_page 500 = @pierre_away;\n"
	"error_page 413 429 502 503 504 /.pierre/error;\n";

/* proxy_set_header X-Pierre-Auth, or fastcgi_param HTTP_X_PIERRE_AUTH */
static void print_line(const struct nginx_pass *p, const char *header)
{
	printf("%s ", p->line);
	if (!p->cgi) {
		fputs(header, stdout);
		return;
	}
	fputs("HTTP_", stdout);
	print_folded(header, true);
}

/* The identity goes to the upstream, the credential does not. */
static void print_lines(const struct nginx_pass *p)
{
	for (const struct nginx_answer *a = nginx_answers; a->variable; a++)
		if (a->goes == GOES_UPSTREAM) {
			print_line(p, a->header);
			printf(" $pierre_%s;\n", a->variable);
		}
	if (!p->cgi)
		printf("%s X-Request-Id $request_id;\n", p->line);
	for (size_t i = 0; i < CREDENTIALS; i++) {
		print_line(p, credentials[i]);
		puts(" \"\";");
	}
}

void nginx_print_snippet(void)
{
	fputs(snippet_head, stdout);
	for (const struct nginx_answer *a = nginx_answers; a->variable; a++)
		printf("auth_request_set $pierre_%s $pierre_said_%s;\n", a->variable, a->variable);
	puts("auth_request_set $pierre_passed \"$pierre_said_status $pierre_scope\";");
	for (const struct nginx_answer *a = nginx_answers; a->variable; a++)
		if (a->goes == GOES_CLIENT)
			printf("add_header %s $pierre_%s always;\n", a->header, a->variable);
	fputs(NGINX_CORS_HEADERS(""), stdout);
	for (const struct nginx_pass *p = nginx_passes; p->pass; p++)
		if (str_eq(p->file, "pierre-auth.conf"))
			print_lines(p);
	fputs(snippet_tail, stdout);
}

/* nginx inherits these lines all or none, so the usual ones stand here too. */
static void print_beside(const char *option, const char *pass)
{
	const struct nginx_pass *p = nginx_passes;

	while (!str_eq(p->pass, pass))
		p++;
	printf("# Beside pierre-auth.conf where a location has a %s: who calls, and not the\n"
	       "# credential. %s lines of the blocks around do not reach a location that\n"
	       "# has some: repeat beside this what your upstream needs of them.\n"
	       "# Written by `pierre nginx print %s`.\n", p->pass, p->line, option);
	if (p->standard)
		printf("include %s;\n", p->standard);
	print_lines(p);
}

void nginx_print_uwsgi(void)
{
	print_beside("--uwsgi", "uwsgi_pass");
}

void nginx_print_scgi(void)
{
	print_beside("--scgi", "scgi_pass");
}

void nginx_print_grpc(void)
{
	print_beside("--grpc", "grpc_pass");
}

/* --- the lines, for the checker --------------------------------------------------------- */

const char *nginx_upstream_header(size_t i)
{
	for (const struct nginx_answer *a = nginx_answers; a->variable; a++)
		if (a->goes == GOES_UPSTREAM && i-- == 0)
			return a->header;
	return i < CREDENTIALS ? credentials[i] : NULL;
}

bool nginx_names_header(const struct nginx_pass *p, const char *name, const char *header)
{
	if (!p->cgi)
		return strcasecmp(name, header) == 0;
	if (!str_starts(name, "HTTP_"))
		return false;
	for (name += strlen("HTTP_"); *name && *header; name++, header++)
		if (*name != (*header == '-' ? '_' : toupper((unsigned char)*header)))
			return false;
	return *name == *header;
}
