/*
 * cmd/nginx_cors.c - preflights in the snippets. Only the question to Pierre leads to the
 * location of a preflight, so that an address that the site itself denies does not get
 * there.
 */
#include "config.h"

#include "cmd/nginx_cors.h"

/* A map compares its strings without regard to case; with the pattern of lower case
 * letters only the listed origin itself is left, byte by byte. The names are short, since
 * nginx warns when too many long ones share its table of variables. */
const char nginx_cors_http[] =
	"\n"
	"# Browsers. With `set $pierre_cors answer;` in a location, nginx answers preflights\n"
	"# by pierre-cors.conf. With `set $pierre_cors http://127.0.0.1:3000;` that upstream\n"
	"# answers them, and gives the CORS headers of the requests that are let through; it\n"
	"# gets the three headers of a preflight and nothing else. Preflights are neither\n"
	"# checked nor charged. Refusals carry the headers of pierre-cors.conf, as do nginx's\n"
	"# error pages.\n"
	"map $server_port $pierre_cors { default \"\"; }\n"
	"include snippets/pierre-cors.conf;\n"
	"map \"$pierre_listed $http_origin\" $pierre_origin {\n"
	"    \"~^1 [a-z][a-z0-9+.-]*://[a-z0-9._:\\[\\]-]+$\" $http_origin;\n"
	"    default \"\";\n"
	"}\n"
	"# OPTIONS without Origin or Access-Control-Request-Method is no preflight\n"
	"map \"$pierre_cors $request_method $http_access_control_request_method $http_origin\" $pierre_preflight {\n"
	"    volatile;\n"
	"    \"~^answer OPTIONS [^ ]+ [^ ]+$\" @pierre_preflight;\n"
	"    \"~^https?://[^ ]+ OPTIONS [^ ]+ [^ ]+$\" @pierre_preflight_passed;\n"
	"    default \"\";\n"
	"}\n"
	"map $server_port $pierre_refusal { default @pierre_denied; }\n"
	"map $pierre_cors $pierre_vary { answer Origin; default \"\"; }\n"
	"map \"$pierre_cors $sent_http_access_control_allow_origin\" $pierre_allowed {\n"
	"    \"answer \" $pierre_origin;\n"
	"    default \"\";\n"
	"}\n";

const char nginx_cors_question[] =
	"    # a preflight has no credential, so it is not checked\n"
	"    if ($pierre_preflight) { set $pierre_refusal $pierre_preflight; return 403; }\n";

const char nginx_cors_locations[] =
	"# A preflight that nginx answers.\n"
	"location @pierre_preflight {\n"
	"    auth_request off;\n"
	"    include snippets/pierre-headers.conf;\n"
	"    add_header X-Request-Id $request_id always;\n"
	NGINX_CORS_HEADERS("    ")
	"    add_header Access-Control-Allow-Methods $pierre_methods always;\n"
	"    add_header Access-Control-Allow-Headers $pierre_headers always;\n"
	"    add_header Access-Control-Max-Age $pierre_max_age always;\n"
	"    return 204;\n"
	"}\n"
	"# A preflight that an upstream answers: no body, no credential, no X-Pierre-*,\n"
	"# no header that would make another method of it.\n"
	"location @pierre_preflight_passed {\n"
	"    auth_request off;\n"
	"    proxy_method OPTIONS;\n"
	"    proxy_store off;\n"
	"    proxy_set_body \"\";   # else that of the server block\n"
	"    proxy_pass_request_body off;\n"
	"    proxy_pass_request_headers off;\n"
	"    proxy_set_header Content-Length \"\";\n"
	"    proxy_set_header X-Request-Id $request_id;\n"
	"    proxy_set_header Origin $http_origin;\n"
	"    proxy_set_header Access-Control-Request-Method $http_access_control_request_method;\n"
	"    proxy_set_header Access-Control-Request-Headers $http_access_control_request_headers;\n"
	"    proxy_pass $pierre_cors;\n"
	"}\n";
