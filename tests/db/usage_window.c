/*
 * tests/db/usage_window.c - which hours or days a report is of: real rows of a real
 * key, by the store and by op.
 */
#include "config.h"

#include "op/key.h"
#include "op/usage.h"
#include "usage_rows.h"

#define DAY (T0 + 40 * DAY_MS)
#define MINUTE_MS (60 * SECOND_MS)

/* --- of the store: edges are given --------------------------------------------------- */

static void ranges(struct suite *t)
{
	int64_t day = T0 + 10 * DAY_MS;
	struct field_list l;

	for (int hour = 0; hour < 30; hour++)
		for (int i = 0; i <= hour; i++)
			row(t, 0, day + hour * HOUR_MS + i, 12, i % 2 ? "a" : "b");
	record_new(t);
	count_all(t);
	l = report(t, 12, (struct asked){ day, day + 30 * HOUR_MS, false, false });
	is_int((int64_t)l.n, 30, "by hour");
	is_int(requests(l), 465, "all of them");
	l = report(t, 12, (struct asked){ day, day + 2 * DAY_MS, true, false });
	is_int((int64_t)l.n, 2, "by day");
	is_int(((const struct usage_bucket *)l.items)[0].requests, 300, "the first");
	ok(((const struct usage_bucket *)l.items)[1].start == day + DAY_MS, "starts at midnight");
	is_int((int64_t)report(t, 12, (struct asked){ day, day + 2 * DAY_MS, true, true }).n, 4, "by day and route");
	is_int((int64_t)report(t, 12, (struct asked){ day, day + HOUR_MS, false, false }).n, 1, "an end on the hour");
	is_int((int64_t)report(t, 12, (struct asked){ day, day, false, false }).n, 0, "an empty range");
	is_int((int64_t)report(t, 12, (struct asked){ day, day - 1, false, false }).n, 0, "a reversed one");
	is_int((int64_t)report(t, 13, (struct asked){ 0, day, true, true }).n, 0, "sixty years of nothing");
}

/* --- of op: any time is given ----------------------------------------------------------- */

/* A key of a user, with one request in the first hour of the day DAY, two in the second, ... */
static struct api_key used_key(struct suite *t, struct scope *scope_r)
{
	struct user user = make_user(&t->f, "professional");
	struct api_key in = { .name = "windows", .rate_limit_requests = INT_NONE,
				    .expires_in_days = INT_NONE };
	struct api_key key;
	const char *full;
	struct err err;

	*scope_r = of(user.id);
	if (!op_key_create(&t->f.op, of(user.id), &in, &key, &full, &err))
		bail_out("op_key_create", &err);
	for (int hour = 0; hour < 25; hour++)
		for (int i = 0; i <= hour; i++)
			row(t, 0, DAY + hour * HOUR_MS + 40 * MINUTE_MS + i, 0, "a")->key_id = key.id;
	record_new(t);
	count_all(t);
	return key;
}

static void windows(struct suite *t)
{
	/* minutes since DAY: asked, and answered; requests -1: refused */
	static const struct {
		int64_t from, to;
		bool daily;
		int64_t requests, edge_from, edge_to;
		const char *what;
	} rows[] = {
		{ 0, 60, false, 1, 0, 60, "a whole hour" },
		{ 0, 30, false, 1, 0, 60, "its first half stands for it" },
		{ 30, 60, false, -1, 0, 60, "its second half has no whole hour" },
		{ 30, 90, false, 2, 60, 120, "an hour from half to half" },
		{ 90, 150, false, 3, 120, 180, "and the one that follows" },
		{ 61, 62, false, -1, 60, 120, "a minute in which nothing was done" },
		{ 0, 1440, true, 300, 0, 1440, "a whole day" },
		{ 0, 720, true, 300, 0, 1440, "its first half" },
		{ 720, 1440, true, -1, 0, 1440, "its second" },
		{ -720, 720, true, 300, 0, 1440, "from noon to noon" },
		{ 720, 2160, true, 25, 1440, 2880, "and the next" },
		{ 60, 60, false, -2, 0, 0, "from an edge to itself" },
		{ 62, 61, false, -2, 0, 0, "backwards" },
	};
	char from[TIME_TEXT], to[TIME_TEXT];
	struct scope scope;
	struct api_key key = used_key(t, &scope);

	t->f.process.usage = t->u;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct usage_query in = { .from = DAY + rows[i].from * MINUTE_MS,
					      .to = DAY + rows[i].to * MINUTE_MS, .bucket = rows[i].daily ? "day" : "hour" };
		int64_t edge_from = DAY + rows[i].edge_from * MINUTE_MS;
		int64_t edge_to = DAY + rows[i].edge_to * MINUTE_MS;
		struct usage_report out;
		struct err err = { 0 };

		if (op_usage_report(&t->f.op, scope, key.id, &in, &out, &err)) {
			is_int(out.requests, rows[i].requests, rows[i].what);
			ok(out.from == edge_from && out.to == edge_to, "  and says which");
			continue;
		}
		time_format(edge_from, from);
		time_format(edge_to, to);
		ok(rows[i].requests < 0 && err.kind == ERR_RANGE && str_eq(err.field, "end_date"),
		   "%s is refused", rows[i].what);
		ok(rows[i].requests == -2 || (strstr(err.message, from) && strstr(err.message, to)),
		   "  %s", err.message);
	}
}

/* However a day is cut into ranges that meet, each request is in one of them. */
static void nothing_twice(struct suite *t)
{
	struct scope scope;
	struct api_key key = used_key(t, &scope);

	t->f.process.usage = t->u;
	for (int64_t step = 7; step <= 240; step += 29) {
		int64_t sum = 0, at = 0, end = DAY;

		for (; at < 26 * 60; at += step) {
			struct usage_query in = { .from = DAY + at * MINUTE_MS,
						      .to = DAY + (at + step) * MINUTE_MS };
			struct usage_report out;
			struct err err;

			if (!op_usage_report(&t->f.op, scope, key.id, &in, &out, &err))
				continue;
			ok(out.from == end, "each begins where the last one ended");
			end = out.to;
			sum += out.requests;
		}
		is_int(sum, 325, arena_printf(t->f.arena, "each once in steps of %lld minutes", (long long)step));
	}
}

static void first_and_last(struct suite *t)
{
	struct usage_query in = { .from = TIME_NONE, .to = TIME_NONE };
	struct usage_report out;
	struct scope scope;
	struct api_key key = used_key(t, &scope);
	struct err err;

	t->f.process.usage = t->u;
	t->f.op.now = DAY + 45 * MINUTE_MS;
	ok(op_usage_report(&t->f.op, scope, key.id, &in, &out, &err) && out.requests == 1,
	   "when nothing is said, the hour of now is in it");
	is_int(out.to, DAY + HOUR_MS, "to its end");
	is_int(out.from, DAY + HOUR_MS - 30 * DAY_MS, "from 30 days before it");
	in = (struct usage_query){ .from = TIME_NONE, .to = 5 * DAY_MS };
	ok(op_usage_report(&t->f.op, scope, key.id, &in, &out, &err) && out.from == 0, "nothing before 1970");
	in = (struct usage_query){ .from = TIME_LAST - HOUR_MS, .to = TIME_LAST };
	ok(!op_usage_report(&t->f.op, scope, key.id, &in, &out, &err) && err.kind == ERR_RANGE,
	   "an edge after the last time that can be written");
}

int main(void)
{
	static struct suite t;

	fixture_open(&t.f);
	use(&t, HOST);
	ranges(&t);
	windows(&t);
	nothing_twice(&t);
	first_and_last(&t);
	store_usage_close(&t.u);
	fixture_close(&t.f);
	return tap_done();
}
