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
	static const struct op_process process;
	struct op op = { .arena = arena, .process = &process };
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

static bool has_version(const struct field_schema *s)
{
	for (const struct field *f = s ? s->fields : NULL; f && f->name; f++)
		if (f->flags & FIELD_VERSION)
			return true;
	return false;
}

static void ours_is_whole(const struct route *r)
{
	bool versioned = has_version(r->out);

	ok(route_is_whole(r), "%s is whole", r->label ? r->label : r->pattern);
	ok((r->etag == ETAG_VERSION) == versioned, "%s: its ETag is the version of its record", r->label);
	ok(r->if_match || !versioned || (r->method != HTTP_PATCH && r->method != HTTP_PUT),
	   "%s: and a change of one takes If-Match", r->label);
	ok(r->idempotent || r->status != 201 || r->guard == GUARD_PUBLIC,
	   "%s: what makes something takes an Idempotency-Key", r->label);
}

static void test_ours(void)
{
	size_t n = 0;

	for (const struct route *const *table = route_tables; *table; table++)
		for (const struct route *r = *table; r->fn; r++, n++)
			ours_is_whole(r);
	ok(n > 20, "these are all %zu rows", n);
}

static bool same(const struct route *a, const struct route *b)
{
	return str_eq(a->label, b->label) ||
	       (a->method == b->method && str_eq(a->pattern, b->pattern));
}

/* The second of two alike would never be asked, or be counted as the first. */
static void test_distinct(void)
{
	const struct route *rows[512];
	size_t n = 0;

	for (const struct route *const *table = route_tables; *table; table++)
		for (const struct route *r = *table; r->fn && n < 512; r++)
			rows[n++] = r;
	ok(n < 512, "the test sees all rows");
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (same(rows[i], rows[k]))
				ok(false, "%s and %s are alike", rows[i]->label, rows[k]->label);
	ok(route_labels(route_tables, arena)[n - 1] == rows[n - 1]->label &&
	   !route_labels(route_tables, arena)[n], "route_labels has them all");
}

/* What the matcher could not match is no row. */
static void test_patterns(void)
{
	static const struct { const char *pattern; bool is; } patterns[] = {
		{ "/{a}/{b}/{c}/{d}", true }, { "/{a}/{b}/{c}/{d}/{e}", false },
		{ "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", true },
		{ "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", false },
	};
	struct route row = whole;

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		row.pattern = patterns[i].pattern;
		ok(route_is_whole(&row) == patterns[i].is, "%s", row.pattern);
	}
}

static void test_document(void)
{
	struct strbuf b = { .arena = arena };
	struct err err = { 0 };

	ok(openapi_write(route_tables, "1", &b, &err), "our schemas have names of their own %s",
	   err.message);
}

int main(void)
{
	struct route row = whole;

	arena = arena_new();
	log_init("test", LOG_LEVEL_ERROR + 1);
	test_ours();
	test_distinct();
	test_patterns();
	test_document();
	is_int(answer(&row), 204, "a whole row is answered");
	is_int(called, 1, "by its handler");
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		row = whole;
		memset((char *)&row + members[i].offset, 0, members[i].size);
		ok(answer(&row) == 500, "a row without its %s: 500", members[i].name);
	}
	row = whole;
	row.guard = GUARD_SUPER_ADMIN + 1;
	is_int(answer(&row), 500, "one with a guard that is none: 500");
	row.guard = GUARD_ADMIN;
	is_int(answer(&row), 500, "one of administrators without a permission: 500");
	row.permission = PERMISSION_ANY;
	is_int(answer(&row), 401, "with one it is guarded");
	row.guard = GUARD_SESSION;
	is_int(answer(&row), 500, "a permission where nobody asks for it: 500");
	is_int(called, 1, "no handler was called");
	row = whole;
	row.fn = silent;
	is_int(answer(&row), 500, "a handler that makes no reply: 500");
	arena_free(&arena);
	return tap_done();
}
