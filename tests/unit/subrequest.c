/*
 * tests/unit/subrequest.c - resource/subrequest.h: what the snippet says, and
 * answers that auth_request can carry.
 */
#include "config.h"

#include "base/log.h"
#include "http/problem.h"
#include "resource/subrequest.h"
#include "header.h"
#include "tap.h"

static struct arena *arena;

static struct request request(char **params)
{
	struct params *p = arena_alloc(arena, sizeof(*p));

	params_index(p, params);
	return (struct request){ .arena = arena, .params = p, .method_text = "GET",
				 .path = "/verify", .request_id = "id" };
}

static struct response reply(const struct request *req, enum err_kind kind)
{
	struct response res;
	struct err err;

	response_init(&res, arena);
	response_header(&res, "RateLimit", "r=1");
	if (kind == ERR_NONE) {
		res.status = 200;
		response_body(&res, "application/json", "{}", 2);
	} else {
		err_set(&err, kind, "A \"sentence\"");
		err.retry_after = kind == ERR_RATE ? 7 : 0;
		problem_reply(&res, "id", &err);
	}
	if (subrequest_is(req))
		subrequest_answer(req, false, &res);
	return res;
}

/* As it is sent. A body would make a temporary file of nginx, since the snippet has
 * `fastcgi_store`. */
static bool has_body(const struct response *res)
{
	struct strbuf out = { .arena = arena };
	const char *end;

	response_write(res, "id", false, &out);
	end = strstr(out.s, "\r\n\r\n");
	return !end || end[4] || strstr(out.s, "Content-Type");
}

static void test_answers(void)
{
	static const struct { enum err_kind kind; int status; const char *truth; } rows[] = {
		{ ERR_NONE, 204, "204" }, { ERR_AUTH_REQUIRED, 401, "401" },
		{ ERR_AUTH_EXPIRED, 401, "401" }, { ERR_FORBIDDEN, 403, "403" },
		{ ERR_RATE, 403, "429" }, { ERR_UNAVAILABLE, 403, "503" },
		{ ERR_MALFORMED, 403, "503" }, { ERR_TOO_LARGE, 403, "503" },
		{ ERR_NOT_FOUND, 403, "503" }, { ERR_CONFIG, 403, "503" },
		{ ERR_INTERNAL, 403, "503" },
	};
	char *params[] = { "PIERRE_SUBREQUEST=1", NULL };
	struct request req = request(params);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct response res = reply(&req, rows[i].kind);
		const char *problem = header(&res, "X-Pierre-Problem");

		is_int(res.status, rows[i].status, rows[i].truth);
		is_str(header(&res, "X-Pierre-Status"), rows[i].truth, "the true one");
		ok(!has_body(&res), "no body");
		ok(rows[i].status == 204 ? !problem :
		   problem && strstr(problem, arena_printf(arena, "\"status\":%s", rows[i].truth)),
		   "the problem says it too");
	}
	struct response res = reply(&req, ERR_RATE);

	is_str(header(&res, "Retry-After"), "7", "when to try again");
	is_str(header(&res, "RateLimit"), "r=1", "and the limits");
}

static void test_direct(void)
{
	char *params[] = { "HTTP_PIERRE_SUBREQUEST=1", "PIERRE_SUBREQUEST=0", "PIERRE_COST=9",
			   "ORIGINAL_URI=/other", NULL };
	struct request req = request(params);
	struct response res = reply(&req, ERR_RATE);
	struct client_request out;
	struct err err;

	is_int(res.status, 429, "a direct answer stays");
	ok(res.body_len > 0 && !header(&res, "X-Pierre-Status"), "as it is");
	ok(subrequest_read(&req, &out, &err), "read");
	is_int(out.cost, 1, "asked directly nothing can be said of a cost");
	is_str(out.path, "/verify", "nor of a path");
	is_str(out.route, "verify", "the route's label is the first segment");
}

static void test_read(void)
{
	char *params[] = { "PIERRE_SUBREQUEST=1", "PIERRE_COST=12", "PIERRE_ROUTE=reports",
			   "PIERRE_SCOPE=read", "ORIGINAL_METHOD=PUT",
			   "ORIGINAL_URI=/a/b?token=secret", NULL };
	char *const bad[] = { "PIERRE_COST=0", "PIERRE_COST=-1", "PIERRE_COST=x", "PIERRE_COST=1 ",
			      arena_printf(arena, "PIERRE_COST=%d", COST_MAX + 1) };
	struct request req = request(params);
	struct client_request out;
	struct err err;

	ok(subrequest_read(&req, &out, &err), "what the snippet says");
	is_int(out.cost, 12, "cost");
	is_str(out.route, "reports", "route");
	is_str(out.scope, "read", "scope");
	is_str(out.method, "PUT", "method");
	is_str(out.path, "/a/b", "path without its query");
	params[2] = "PIERRE_ROUTE=";
	params[3] = "PIERRE_SCOPE=";
	params[1] = "PIERRE_COST=";
	req = request(params);
	ok(subrequest_read(&req, &out, &err), "nothing said");
	is_int(out.cost, 1, "costs 1");
	is_str(out.route, "a", "is called by its first segment");
	is_str(out.scope, NULL, "needs no scope");
	params[5] = "ORIGINAL_URI=/?x=/y";
	req = request(params);
	ok(subrequest_read(&req, &out, &err), "the root");
	is_str(out.route, "/", "has a name");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		params[1] = bad[i];
		req = request(params);
		ok(!subrequest_read(&req, &out, &err) && err.kind == ERR_CONFIG, "refused: %s", bad[i]);
	}
	params[1] = arena_printf(arena, "PIERRE_COST=%d", COST_MAX);
	req = request(params);
	ok(subrequest_read(&req, &out, &err) && out.cost == COST_MAX, "the most there is");
}

int main(void)
{
	log_init("test", LOG_LEVEL_ERROR);
	arena = arena_new();
	test_answers();
	test_direct();
	test_read();
	arena_free(&arena);
	return tap_done();
}
