/*
 * tests/unit/row.c - a route that does not say who may call it opens nothing:
 * each row of ours is whole, and one that is not is answered with 500.
 */
#include "config.h"

#include "base/log.h"
#include "base/str.h"
#include "resource/call.h"
#include "tap.h"

static struct arena *arena;
static int called;

static bool handler(struct call *call, struct err *err_r)
{
	(void)err_r;
	called++;
	return call_reply(call, NULL);
}

static bool silent(struct call *call, struct err *err_r)
{
	(void)call;
	(void)err_r;
	return true;
}

static const struct route whole = {
	.method = HTTP_GET, .pattern = "/x", .label = "x", .pool = POOL_SLOW,
	.guard = GUARD_PUBLIC, .fn = handler, .status = 204, .summary = "x",
};

#define MEMBER(name) { #name, offsetof(struct route, name), sizeof(whole.name) }
static const struct {
	const char *name;
	size_t offset, size;
} members[] = {
	MEMBER(guard), MEMBER(pool), MEMBER(method), MEMBER(label), MEMBER(status),
	MEMBER(summary),
};

static int answer(const struct route *row)
{
	char *params[] = { "FCGI_ROLE=RESPONDER", "REQUEST_METHOD=GET", "REQUEST_URI=/x",
			   "SERVER_PROTOCOL=HTTP/1.1", "PIERRE_END=1", NULL };
	struct op op = { .arena = arena };
	struct route_match match = { .route = row };
	struct response res;
	struct request req;
	struct err err;
	struct call call = { .req = &req, .res = &res, .op = &op };

	if (!request_init(&req, arena, params, &err))
		return 0;
	response_init(&res, arena);
	call_run(&call, &match);
	return res.status;
}

static void test_ours(void)
{
	size_t n = 0;

	for (const struct route *const *table = route_tables; *table; table++)
		for (const struct route *r = *table; r->fn; r++, n++)
			ok(route_is_whole(r), "%s is whole", r->label ? r->label : r->pattern);
	ok(n > 20, "these are all %zu rows", n);
}

int main(void)
{
	struct route row = whole;

	arena = arena_new();
	log_init("test", LOG_LEVEL_ERROR + 1);
	test_ours();
	is_int(answer(&row), 204, "a whole row is answered");
	is_int(called, 1, "by its handler");
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		row = whole;
		memset((char *)&row + members[i].offset, 0, members[i].size);
		ok(answer(&row) == 500, "a row without its %s: 500", members[i].name);
	}
	row = whole;
	row.guard = GUARD_ADMIN + 1;
	is_int(answer(&row), 500, "one with a guard that is none: 500");
	is_int(called, 1, "no handler was called");
	row = whole;
	row.fn = silent;
	is_int(answer(&row), 500, "a handler that makes no reply: 500");
	arena_free(&arena);
	return tap_done();
}
