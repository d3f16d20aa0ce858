/*
 * tests/db/usage_rows.h - rows of usage, recorded and counted by the real store,
 * and what it then reports of a key.
 */
#ifndef PIERRE_TESTS_USAGE_ROWS_H
#define PIERRE_TESTS_USAGE_ROWS_H

#include "base/window.h"
#include "op_fixture.h"
#include "store/key.h"
#include "store/usage.h"

#define HOST "11111111-1111-4111-8111-111111111111"
#define KEY "aaaaaaaa-0000-4000-8000-00000000000%x"
#define USER "bbbbbbbb-0000-4000-8000-000000000001"
#define HOUR_MS (3600 * SECOND_MS)
#define MAX 1000

struct suite {
	struct fixture f;
	struct usage_store *u;
	struct usage_row rows[MAX];
	size_t n;
	uint64_t seq[4];
};

static void use(struct suite *t, const char *host)
{
	store_usage_close(&t->u);
	t->u = store_usage_open(t->f.db, host);
}

static struct usage_row *row(struct suite *t, uint32_t ring, int64_t ms, int key, const char *route)
{
	struct usage_row *r = &t->rows[t->n++];

	*r = (struct usage_row){
		.seq = ++t->seq[ring], .ring = ring, .time_ms = ms, .user_id = USER, .tenant_id = "",
		.request_id = arena_printf(t->f.arena, "r%u-%llu", ring,
					   (unsigned long long)t->seq[ring]),
		.key_id = key < 0 ? "" : arena_printf(t->f.arena, KEY, (unsigned)key),
		.route = route, .method = "GET", .address = "192.0.2.7", .user_agent = "curl/8", .cost = 2,
	};
	return r;
}

static int64_t record(struct suite *t)
{
	int64_t inserted = -1;
	struct err err = { 0 };

	if (!store_usage_record(t->u, t->rows, t->n, &inserted, &err)) {
		printf("# %s\n", err.message);
		return -1;
	}
	return inserted;
}

static int64_t record_new(struct suite *t)
{
	int64_t inserted = record(t);

	t->n = 0;
	return inserted;
}

static int count_by(struct suite *t, size_t enough)
{
	struct err err = { 0 };
	bool more = true;
	int pieces = 0;

	for (; more; pieces++)
		if (!store_usage_count(t->u, enough, &more, &err)) {
			printf("# %s\n", err.message);
			return -1;
		}
	return pieces;
}

static int count_all(struct suite *t) { return count_by(t, USAGE_ENOUGH); }

struct asked { int64_t from, to; bool daily, by_route; };

static struct field_list report(struct suite *t, int key, struct asked a)
{
	struct field_list list = { .n = 99999 };
	struct err err = { 0 };
	const struct api_key row = { .id = arena_printf(t->f.arena, KEY, (unsigned)key) };

	if (!store_usage_report(t->u, &row, a.from, a.to, a.daily, a.by_route, t->f.arena, &list, &err))
		printf("# %s\n", err.message);
	return list;
}

static int64_t requests(struct field_list list)
{
	const struct usage_bucket *b = list.items;
	int64_t sum = 0;

	for (size_t i = 0; i < list.n; i++)
		sum += b[i].requests;
	return sum;
}

#endif
