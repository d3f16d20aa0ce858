/*
 * tests/unit/limit_headers.c - resource/limit.h: what a client reads of its
 * limits, to the second.
 */
#include "config.h"

#include "resource/limit.h"
#include "header.h"
#include "tap.h"

#define HOUR 500000   /* one of January 2027 */

static struct arena *arena;

/* An hour's limit and a month's, the second not asked for when `refused`. */
static struct response shown(int64_t before_end, bool refused)
{
	int64_t now = window_end(WINDOW_HOUR, HOUR) - before_end;
	struct limit_outcome out = { .n = 2, .states = {
		{ .name = "key-hour", .kind = WINDOW_HOUR, .limit = 10, .tier = "trial",
		  .remaining = refused ? 0 : 3 },
		{ .name = "user-month", .kind = WINDOW_MONTH, .limit = 100, .tier = "starter",
		  .remaining = refused ? INT_NONE : 50 },
	} };
	struct request req = { .arena = arena, .request_id = "id" };
	struct response res;
	struct call call = { .req = &req, .res = &res };
	struct err err = { .kind = ERR_RATE, .message = "Enough" };

	response_init(&res, arena);
	limit_settle(&out.states[0], HOUR, now);
	limit_settle(&out.states[1], window_id(WINDOW_MONTH, now), now);
	out.tightest = &out.states[0];
	if (refused)
		out.refused = &out.states[0];
	if (refused)
		limit_refusal(&call, &out, &err);
	else
		limit_headers(&call, &out);
	return res;
}

/* Whole seconds, rounded up: a client that waits so long is not too early. */
static void test_seconds(void)
{
	static const struct { int64_t before_end; const char *t; } rows[] = {
		{ 1, ";t=1," }, { 1000, ";t=1," }, { 1001, ";t=2," }, { 2000, ";t=2," },
		{ 3599000, ";t=3599," }, { 0, ";t=1," }, { -5, ";t=1," },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct response res = shown(rows[i].before_end, false);
		const char *value = header(&res, "RateLimit");

		ok(value && strstr(value, rows[i].t), "%lld ms before the end%s %s",
		   (long long)rows[i].before_end, rows[i].t, value ? value : "(null)");
	}
}

static void test_headers(void)
{
	struct response res = shown(500, false);

	is_str(header(&res, "RateLimit-Policy"),
	       "\"key-hour\";q=10;w=3600, \"user-month\";q=100;w=2678400", "policies");
	ok(strncmp(header(&res, "RateLimit"), "\"key-hour\";r=3;t=1, \"user-month\";r=50;t=", 39) == 0,
	   "states: %s", header(&res, "RateLimit"));
	is_str(header(&res, "X-RateLimit-Limit"), "10", "of the tightest");
	is_str(header(&res, "X-RateLimit-Remaining"), "3", "what remains");
	is_str(header(&res, "X-RateLimit-Reset"), "1800003600", "when it ends");
	is_str(header(&res, "X-RateLimit-Tier"), "trial", "its tier");
}

static void test_refused(void)
{
	struct response res = shown(500, true);

	is_int(res.status, 429, "refused");
	is_str(header(&res, "RateLimit"), "\"key-hour\";r=0;t=1", "what was not asked for is not shown");
	ok(res.body && strstr(res.body, "\"violated-policies\":[\"key-hour\"]"), "which one: %s", res.body);
}

int main(void)
{
	arena = arena_new();
	test_seconds();
	test_headers();
	test_refused();
	arena_free(&arena);
	return tap_done();
}
