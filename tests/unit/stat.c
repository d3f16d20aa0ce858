/* tests/unit/stat.c - counters of many processes, read by one. */
#include "config.h"

#include "room_fixture.h"

#define N 20000

static void test_rows(void)
{
	bool named = true, distinct = true, ordered = true;

	for (int i = 0; i < STAT__COUNT; i++) {
		named = named && stat_rows[i].name && stat_rows[i].help && *stat_rows[i].help;
		for (int k = 0; named && k < i; k++)
			distinct = distinct && strcmp(stat_rows[i].name, stat_rows[k].name) != 0;
	}
	for (int i = 1; i < STAT_BUCKETS; i++)
		ordered = ordered && stat_bounds_us[i - 1] < stat_bounds_us[i];
	ok(named && distinct, "every counter has a name of its own and a sentence");
	ok(ordered, "the bounds grow");
}

static bool count(struct room *r, int index, void *arg)
{
	(void)arg;
	for (int i = 0; i < N; i++) {
		stat_add(r, (size_t)index, STAT_CACHE_HITS, 2);
		stat_request(r, (size_t)index, 3, 200, 70);
	}
	return true;
}

static void test_totals(struct room *r)
{
	struct stat_route_total t;

	ok(crowd(RINGS, count, r, NULL), "%d processes count in their own blocks", RINGS);
	is_int((int64_t)stat_total(r, STAT_CACHE_HITS), 2 * N * RINGS, "nothing is lost");
	is_int((int64_t)stat_total(r, STAT_CACHE_MISSES), 0, "and nothing counted elsewhere");
	stat_route_total(r, 3, &t);
	is_int((int64_t)t.by_class[2], N * RINGS, "by class");
	is_int((int64_t)t.buckets[2], N * RINGS, "70 us are above 50 and within 100");
	is_int((int64_t)t.sum_us, INT64_C(70) * N * RINGS, "and summed");
}

static void test_edges(struct room *r)
{
	struct stat_route_total t;

	for (int i = 0; i < STAT_BUCKETS; i++) {
		stat_request(r, 0, 5, 404, stat_bounds_us[i]);
		stat_request(r, 0, 5, 503, stat_bounds_us[i] + 1);
	}
	stat_route_total(r, 5, &t);
	is_int((int64_t)t.buckets[0], 1, "a bound belongs to its bucket");
	is_int((int64_t)t.buckets[STAT_BUCKETS], 1, "above the last there is one more");
	is_int((int64_t)t.by_class[4], STAT_BUCKETS, "4xx");
	is_int((int64_t)t.by_class[5], STAT_BUCKETS, "5xx");
	stat_request(r, 0, STAT_ROUTES + 9, 999, -5);
	stat_route_total(r, STAT_ROUTES - 1, &t);
	is_int((int64_t)t.by_class[0], 1, "an unknown route or class is counted as other");
	stat_route_total(r, STAT_ROUTES, &t);
	is_int((int64_t)t.sum_us, 0, "no route, no counters");
	stat_add(r, RINGS, STAT_LEASES, 1);
	stat_add(NULL, 0, STAT_LEASES, 1);
	stat_request(NULL, 0, 0, 200, 1);
	is_int((int64_t)stat_total(r, STAT_LEASES), 0, "a block that is not there counts nothing");
	is_int((int64_t)stat_total(NULL, STAT_LEASES), 0, "no room, no counters");
}

int main(void)
{
	struct room *r;

	if (!fixture_begin())
		return 99;
	r = room_here();
	test_rows();
	test_totals(r);
	test_edges(r);
	room_close(&r);
	r = room_here();
	is_int((int64_t)stat_total(r, STAT_CACHE_HITS), 2 * N * RINGS, "a new service goes on counting");
	room_close(&r);
	return fixture_end();
}
