/*
 * tests/unit/route.c - which row a path and a method find, and what matches
 * nothing.
 */
#include "config.h"

#include "base/str.h"
#include "http/route.h"
#include "tap.h"

#define ID "0b5e6b1e-7a44-4c1f-9a52-3f1f0c9b7a10"
#define ID_UPPER "0B5E6B1E-7A44-4C1F-9A52-3F1F0C9B7A10"

static struct arena *arena;

static bool handler(struct call *call, struct err *err_r)
{
	(void)call;
	(void)err_r;
	return true;
}

#define ROW(m, p, l) { .method = m, .pattern = p, .label = l, .fn = handler }
static const struct route first[] = {
	ROW(HTTP_GET, "/", "root"),
	ROW(HTTP_GET, "/api/keys", "key_list"),
	ROW(HTTP_POST, "/api/keys", "key_create"),
	ROW(HTTP_GET, "/api/keys/{id}", "key_show"),
	ROW(HTTP_PATCH, "/api/keys/{id}", "key_patch"),
	ROW(HTTP_GET, "/x/{name}", "x_any"),
	ROW(HTTP_PUT, "/x/{name}", "x_put"),
	ROW(HTTP_GET, "/x/{name}/y/{other}", "x_y"),
	ROW(HTTP_POST, "/only/post", "only_post"),
	{ 0 },
};
static const struct route second[] = {
	ROW(HTTP_GET, "/x/literal", "x_literal"),
	ROW(HTTP_DELETE, "/api/keys/{id}", "key_delete"),
	ROW(HTTP_GET, "/x/{name}/y/z", "x_y_z"),
	ROW(HTTP_GET, "/x/a/y/{other}", "x_a_y"),
	ROW(HTTP_GET, "/d/{a}/{b}/{c}/{d}", "four"),
	{ 0 },
};
static const struct route *const tables[] = { first, second, NULL };

struct find_case {
	enum http_method method;
	const char *path;
	const char *label;      /* NULL: no row */
	const char *allow;      /* NULL: there is a row, or an unknown path */
	const char *params[2];
};

static const struct find_case finds[] = {
	{ HTTP_GET, "/", "root", NULL, { 0 } },
	{ HTTP_GET, "/api/keys", "key_list", NULL, { 0 } },
	{ HTTP_HEAD, "/api/keys", "key_list", NULL, { 0 } },
	{ HTTP_POST, "/api/keys", "key_create", NULL, { 0 } },
	{ HTTP_DELETE, "/api/keys", NULL, "GET, HEAD, POST, OPTIONS", { 0 } },
	{ HTTP_OPTIONS, "/api/keys", NULL, "GET, HEAD, POST, OPTIONS", { 0 } },
	{ HTTP_OTHER, "/api/keys", NULL, "GET, HEAD, POST, OPTIONS", { 0 } },
	{ HTTP_HEAD, "/only/post", NULL, "POST, OPTIONS", { 0 } },
	{ HTTP_GET, "/only/post", NULL, "POST, OPTIONS", { 0 } },
	/* {id}: lower-cased, must be a UUID; rows of two tables */
	{ HTTP_GET, "/api/keys/" ID, "key_show", NULL, { ID } },
	{ HTTP_GET, "/api/keys/" ID_UPPER, "key_show", NULL, { ID } },
	{ HTTP_DELETE, "/api/keys/" ID, "key_delete", NULL, { ID } },
	{ HTTP_PUT, "/api/keys/" ID, NULL, "GET, HEAD, PATCH, DELETE, OPTIONS", { 0 } },
	{ HTTP_GET, "/api/keys/%30b5e6b1e-7a44-4c1f-9a52-3f1f0c9b7a10", "key_show",
	  NULL, { ID } },
	{ HTTP_GET, "/api/keys/" ID "0", NULL, NULL, { 0 } },
	{ HTTP_GET, "/api/keys/1", NULL, NULL, { 0 } },
	{ HTTP_GET, "/api/keys/" ID "/x", NULL, NULL, { 0 } },
	/* literal before parameter, whichever stands first */
	{ HTTP_GET, "/x/literal", "x_literal", NULL, { 0 } },
	{ HTTP_PUT, "/x/literal", NULL, "GET, HEAD, OPTIONS", { 0 } },
	{ HTTP_GET, "/x/other", "x_any", NULL, { "other" } },
	{ HTTP_GET, "/x/1/y/2", "x_y", NULL, { "1", "2" } },
	{ HTTP_GET, "/x/1/y/z", "x_y_z", NULL, { "1" } },
	{ HTTP_GET, "/x/a/y/z", "x_a_y", NULL, { "z" } },
	/* parameters are decoded once */
	{ HTTP_GET, "/x/a%20b", "x_any", NULL, { "a b" } },
	{ HTTP_GET, "/x/a+b", "x_any", NULL, { "a+b" } },
	{ HTTP_GET, "/x/%c3%A9", "x_any", NULL, { "\xc3\xa9" } },
	{ HTTP_GET, "/x/%252F", "x_any", NULL, { "%2F" } },
	{ HTTP_GET, "/x/%252e%252e", "x_any", NULL, { "%2e%2e" } },
	{ HTTP_GET, "/x/...", "x_any", NULL, { "..." } },
	{ HTTP_GET, "/x/.a", "x_any", NULL, { ".a" } },
	{ HTTP_GET, "/x/{name}", "x_any", NULL, { "{name}" } },
	{ HTTP_GET, "/api/keys/{id}", NULL, NULL, { 0 } },
	{ HTTP_DELETE, "/x/other", NULL, "GET, HEAD, PUT, OPTIONS", { 0 } },
	{ HTTP_PUT, "/x/1/y/2", NULL, "GET, HEAD, OPTIONS", { 0 } },
	/* nothing there */
	{ HTTP_GET, "/api", NULL, NULL, { 0 } },
	{ HTTP_GET, "/api/key", NULL, NULL, { 0 } },
	{ HTTP_GET, "/api/keysx", NULL, NULL, { 0 } },
	{ HTTP_GET, "/API/keys", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x", NULL, NULL, { 0 } },
	{ HTTP_OPTIONS, "/nothing", NULL, NULL, { 0 } },
	{ HTTP_GET, "", NULL, NULL, { 0 } },
	{ HTTP_GET, "api/keys", NULL, NULL, { 0 } },
	/* empty segments */
	{ HTTP_GET, "//", NULL, NULL, { 0 } },
	{ HTTP_GET, "//api/keys", NULL, NULL, { 0 } },
	{ HTTP_GET, "/api//keys", NULL, NULL, { 0 } },
	{ HTTP_GET, "/api/keys/", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/", NULL, NULL, { 0 } },
	/* dot segments, plain and encoded */
	{ HTTP_GET, "/.", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/.", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/..", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/../api/keys", NULL, NULL, { 0 } },
	{ HTTP_GET, "/api/./keys", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/%2e", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/%2e%2E", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/.%2e", NULL, NULL, { 0 } },
	/* what could be read as another path */
	{ HTTP_GET, "/api%2Fkeys", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/a%2fb", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/a%2Fb", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/a%5cb", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/a%5Cb", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/a\\b", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/a%00", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/a%0a", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/a%7f", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/a\x01", NULL, NULL, { 0 } },
	{ HTTP_GET, "/%2561pi/keys", NULL, NULL, { 0 } },
	{ HTTP_GET, "/api/%6beys%2F", NULL, NULL, { 0 } },
	{ HTTP_GET, "/%61pi/%2e%2e/keys", NULL, NULL, { 0 } },
	{ HTTP_GET, "/%", NULL, NULL, { 0 } },
	/* another spelling of the same path */
	{ HTTP_GET, "/%61pi/keys", "key_list", NULL, { 0 } },
	{ HTTP_GET, "/%61%70%69/%6b%65%79%73", "key_list", NULL, { 0 } },
	{ HTTP_DELETE, "/api/%6Beys", NULL, "GET, HEAD, POST, OPTIONS", { 0 } },
	{ HTTP_GET, "/x/%6citeral", "x_literal", NULL, { 0 } },
	/* bad escapes and bytes */
	{ HTTP_GET, "/x/%", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/%2", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/%zz", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/% 1", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/%ff", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/%c0%af", NULL, NULL, { 0 } },
	{ HTTP_GET, "/x/\xff", NULL, NULL, { 0 } },
	{ HTTP_GET, "/api/keys%", NULL, NULL, { 0 } },
	/* limits */
	{ HTTP_GET, "/d/1/2/3/4", "four", NULL, { "1", "2" } },
	{ HTTP_GET, "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", NULL, NULL, { 0 } },
	{ HTTP_GET, "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", NULL, NULL, { 0 } },
};

int main(void)
{
	arena = arena_new();
	for (size_t i = 0; i < sizeof(finds) / sizeof(finds[0]); i++) {
		const struct find_case *c = &finds[i];
		struct request req = { .arena = arena, .method = c->method, .path = c->path };
		struct route_match m;
		route_find(tables, &req, &m);
		ok(str_eq(m.route ? m.route->label : NULL, c->label), "method %d %s: %s",
		   c->method, *c->path ? c->path : "(empty)", c->label ? c->label : "no row");
		is_str(m.allow, c->allow, "  Allow");
		for (int k = 0; c->label && k < 2; k++)
			if (c->params[k])
				is_str(m.params[k], c->params[k], "  parameter");
	}
	arena_free(&arena);
	return tap_done();
}
