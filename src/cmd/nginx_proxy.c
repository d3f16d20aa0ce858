/*
 * cmd/nginx_proxy.c - requests to providers with the tokens of who calls.
 *
 * One location asks Pierre and passes on; the named one that it passes on to takes the 401
 * and 429 of the provider alone, which in the first could not be told from Pierre's.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cmd/nginx_proxy.h"
#include "cmd/nginx_snippet.h"
#include "provider/reply.h"

static const char proxy_head[] =
	"# Once in a server block that has pierre-auth-locations.conf (pierre-locations.conf has\n"
	"# it): /proxy/PROVIDER/... goes to that provider with the access token of who calls,\n"
	"# who needs the scope tokens:use and never sees the token. Where providers are is\n"
	"# printed by `pierre nginx providers`: without that file there is nothing at these\n"
	"# paths. At `error_log ... debug`, and with `debug_connection`,\n"
	"# nginx writes tokens into its log.\n"
	"# Written by `pierre nginx print --proxy`.\n"
	"include snippets/pierre-providers*.conf;\n";

static const char token_params[] =
	"    fastcgi_param PIERRE_INTERNAL ask;\n"
	"    fastcgi_param PIERRE_API $pierre_api$pierre_base;\n"
	"    fastcgi_param PIERRE_REFUSED $pierre_refused if_not_empty;\n";

#define TOKEN_PATH "/.pierre/proxy/$pierre_provider"
#define TOKEN_WAIT_S 12   /* Pierre waits 8 s for a refresh */

#define ASKS(indent) \
	indent "satisfy all;   # `any` around would let a request pass without a token\n" \
	indent "auth_request " NGINX_TOKEN_QUESTION ";\n" \
	indent "auth_request_set $pierre_status $pierre_said_status;\n" \
	indent "auth_request_set $pierre_problem $pierre_said_problem;\n" \
	indent "auth_request_set $pierre_wait $pierre_said_wait;\n" \
	indent "auth_request_set $pierre_token $upstream_http_x_pierre_token;\n" \
	indent "auth_request_set $pierre_mark $upstream_http_x_pierre_mark;\n" \
	indent "error_page 401 403 = @pierre_denied;\n" \
	indent "error_page 500 = @pierre_away;\n" \
	indent "error_page 400 404 413 429 502 503 504 /.pierre/error;\n"
/* After that; no file is below /dev/null. A matching `if` would lose it. */
#define GOES_ON(indent) \
	indent "root /dev/null;\n" \
	indent "try_files /.pierre/none @pierre_forward;\n"

static void print_question(void)
{
	puts("# Which token? Pierre answers when there is one that is good for a minute.\n"
	     "location = " NGINX_TOKEN_QUESTION " {\n"
	     "    internal;\n"
	     "    set $pierre_sent \"\";\n"
	     "    set $pierre_sent 1;\n"
	     "    fastcgi_hide_header X-Pierre-Token;");
	nginx_print_asking(TOKEN_PATH, token_params, TOKEN_WAIT_S);
	puts("}");
}

/* --- to the provider ---------------------------------------------------------------------- */

/* Of the client's headers these go along, and no other one: no credential, cookie, address. */
static const char *const sent_headers[] = {
	"Accept", "Accept-Encoding", "Accept-Language", "Content-Encoding", "Content-Type", "Idempotency-Key",
	"If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Prefer", "Range", "User-Agent",
	"Ocp-Apim-Subscription-Key",   /* Suunto's API wants it beside the token */
	NULL,
};

/* What speaks for the origin that an answer comes from, which is ours, or for the caches and the
 * browser in between; what is said by pierre-headers.conf. Beside these the limits, which are
 * Pierre's, and its own X-Pierre-*. */
static const char *const hidden_headers[] = {
	"Set-Cookie", "Set-Cookie2", "Set-Login", "Sec-Session-Registration", "Clear-Site-Data", "Refresh", "Alt-Svc",
	"Service-Worker-Allowed", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials",
	"Access-Control-Expose-Headers", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
	"Access-Control-Allow-Private-Network", "Access-Control-Max-Age", "Timing-Allow-Origin",
	"Strict-Transport-Security", "X-Content-Type-Options", "X-Frame-Options", "X-XSS-Protection", "Referrer-Policy",
	"Content-Security-Policy", "Content-Security-Policy-Report-Only", "Permissions-Policy", "Document-Policy",
	"Cross-Origin-Resource-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Embedder-Policy", "Origin-Agent-Cluster",
	"Report-To", "Reporting-Endpoints", "NEL", "Accept-CH", "Critical-CH", "Speculation-Rules",
	"Supports-Loading-Mode", "Use-As-Dictionary", "Attribution-Reporting-Register-Source",
	"Attribution-Reporting-Register-Trigger", "X-Request-Id", "Cache-Control", "CDN-Cache-Control", "Surrogate-Control",
	"Pragma", "Expires", "X-Pierre-Token", "X-Pierre-Mark", NULL,
};

static void print_variable(const char *header)
{
	for (const char *p = header; *p; p++)
		putchar(*p == '-' ? '_' : tolower((unsigned char)*p));
}

static void print_header_lines(void)
{
	puts("proxy_pass_request_headers off;\n"
	     "proxy_set_header Host $pierre_api;\n"
	     "proxy_set_header Authorization $pierre_token;\n"
	     "proxy_set_header Connection \"\";");
	for (size_t i = 0; sent_headers[i]; i++) {
		printf("proxy_set_header %s $http_", sent_headers[i]);
		print_variable(sent_headers[i]);
		puts(";");
	}
	for (size_t i = 0; hidden_headers[i]; i++)
		printf("proxy_hide_header %s;\n", hidden_headers[i]);
	for (const struct nginx_answer *a = nginx_answers; a->variable; a++)
		if (str_starts(a->header, "X-Pierre-"))
			printf("proxy_hide_header %s;\n", a->header);
		else if (a->goes == GOES_CLIENT)
			printf("proxy_hide_header %s;\nadd_header %s $pierre_%s always;\n", a->header,
			       a->header, a->variable);
	puts("include snippets/pierre-headers.conf;\n"
	     "add_header Content-Security-Policy sandbox always;\n"
	     "add_header Cache-Control no-store always;\n"
	     "add_header X-Request-Id $request_id always;");
}

static const char pass_lines[] =
	"# an answer that tells nginx what to do would be obeyed\n"
	"proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;\n"
	"proxy_ssl_verify on;\n"
	"proxy_ssl_verify_depth 4;\n"
	"proxy_ssl_server_name on;\n"
	"proxy_ssl_name $pierre_api_name;\n"
	"proxy_ssl_protocols TLSv1.2 TLSv1.3;\n"
	"proxy_ssl_session_reuse on;\n"
	"proxy_ssl_ciphers DEFAULT;\n"
	"proxy_ssl_crl \"\";\n"
	"# what a block around sets is not set here\n"
	"proxy_pass_header X-Pierre-None;\n"
	"proxy_headers_hash_max_size 1024;\n"
	"proxy_headers_hash_bucket_size 128;\n"
	"proxy_force_ranges off;\n"
	"ssi off;                       # an answer could ask for the token\n"
	"slice 0;\n"
	"add_before_body \"\";\n"
	"add_after_body \"\";\n"
	"mirror off;\n"
	"userid off;\n"
	"expires off;\n"
	"proxy_cache off;\n"
	"proxy_store off;\n"
	"proxy_bind off;\n"
	"proxy_limit_rate 0;\n"
	"proxy_method $request_method;\n"
	"proxy_redirect off;\n"
	"proxy_cookie_domain off;\n"
	"proxy_cookie_path off;\n"
	"proxy_pass_request_body on;\n"
	"proxy_request_buffering on;\n"
	"proxy_buffering on;\n"
	"proxy_buffer_size 16k;\n"
	"proxy_buffers 8 16k;\n"
	"proxy_busy_buffers_size 32k;\n"
	"proxy_max_temp_file_size 0;    # no answer is written to a disk\n"
	"proxy_temp_file_write_size 32k;\n"
	"proxy_http_version 1.1;\n"
	"proxy_connect_timeout 5s;\n"
	"proxy_send_timeout 30s;\n"
	"proxy_read_timeout 30s;\n"
	"proxy_next_upstream off;       # a POST is never sent twice\n"
	"proxy_intercept_errors on;\n"
	"proxy_ignore_client_abort on;  # a refusal counts, also of a request whose client has left\n"
	"proxy_pass " NGINX_PROVIDER ";\n";

#define BODY_MOST "client_max_body_size 16m;\n"

void nginx_print_proxy_pass(void)
{
	puts("# In the location that sends requests on to providers (`pierre nginx providers`): the\n"
	     "# path as nginx has decoded it, encoded anew; of the client's headers those below.\n"
	     "# Written by `pierre nginx print --proxy-pass`.\n"
	     "auth_request off;\n"
	     BODY_MOST
	     "recursive_error_pages on;\n"
	     "error_page 401 = $pierre_repeat;\n"
	     "error_page 429 = @pierre_limited;\n"
	     "error_page 413 500 502 504 /.pierre/error;\n"
	     "if ($pierre_token = \"\") { return 500; }\n"
	     "rewrite ^ $pierre_base$pierre_rest break;");
	print_header_lines();
	fputs(pass_lines, stdout);
}

void nginx_print_proxy_ask(void)
{
	puts("# In the location of each provider (`pierre nginx providers`): may the request pass, and\n"
	     "# with which token? Written by `pierre nginx print --proxy-ask`.\n"
	     BODY_MOST
	     "set $pierre_route proxy.$pierre_provider;\n"
	     "set $pierre_scope \"\";\n"
	     "set $pierre_refused \"\";\n"
	     "# the provider may see another path than nginx has judged: /, \\ or ; in a name, or a control\n"
	     "if ($request_uri ~* \"^[^?]*(?:[\\x5c;]|%(?:2f|3b|5c|7f|[01]))\") { return 404; }");
	fputs(ASKS(""), stdout);
	for (const struct nginx_answer *a = nginx_answers; a->variable; a++)
		if (a->goes == GOES_CLIENT)
			printf("auth_request_set $pierre_%s $pierre_said_%s;\n", a->variable, a->variable);
	fputs(GOES_ON(""), stdout);
}

/* --- what the provider refused ------------------------------------------------------------- */

static void print_told(const char *name, const char *word, bool headers)
{
	printf("location %s {\n", name);
	/* before the next upstream takes their place */
	for (size_t i = 0; headers && reply_limit_headers[i]; i++) {
		printf("    set $pierre_limit_%zu $upstream_http_", i);
		print_variable(reply_limit_headers[i]);
		puts(";");
	}
	puts("    include snippets/pierre-headers.conf;\n"
	     "    fastcgi_ignore_client_abort on;\n"
	     "    recursive_error_pages on;\n"
	     "    error_page 500 502 503 504 /.pierre/error;   # Pierre is away");
	nginx_print_seals();
	fputs(nginx_asks_alone, stdout);
	puts("    fastcgi_param REQUEST_URI " TOKEN_PATH ";");
	fputs(nginx_asks_of, stdout);
	printf("    fastcgi_param PIERRE_INTERNAL %s;\n"
	       "    fastcgi_param PIERRE_REFUSED $pierre_mark;\n", word);
	for (size_t i = 0; headers && reply_limit_headers[i]; i++) {
		fputs("    fastcgi_param PROVIDER_", stdout);
		for (const char *p = reply_limit_headers[i]; *p; p++)
			putchar(*p == '-' ? '_' : toupper((unsigned char)*p));
		printf(" $pierre_limit_%zu if_not_empty;\n", i);
	}
	fputs(nginx_asks_by, stdout);
	nginx_print_passed(5);
	puts("}");
}

void nginx_print_proxy(void)
{
	fputs(proxy_head, stdout);
	print_question();
	puts("# The provider does not accept the token: a GET asks for a newer one, and is sent once more.\n"
	     "location @pierre_again {\n"
	     "    recursive_error_pages on;\n"
	     "    set $pierre_refused $pierre_mark;");
	fputs(ASKS("    ") GOES_ON("    ") "}\n", stdout);
	puts("# What is not sent again: Pierre refreshes the token and says when, or that this would not help.");
	print_told("@pierre_refused", "refused", false);
	puts("# The provider wants no more requests: Pierre sends it none until then, and says when.");
	print_told("@pierre_limited", "limited", true);
}
