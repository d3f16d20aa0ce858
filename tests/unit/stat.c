/* tests/unit/stat.c - counters of many processes, read by one. */
#include "config.h"

#include "segment_fixture.h"

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

static bool count(struct segment *r, int index, void *arg)
{
	(void)arg;
	for (int i = 0; i < N; i++) {
		stat_add(r, (size_t)index, STAT_CACHE_HITS, 2);
		stat_request(r, (size_t)index, 3, 200, 70);
	}
	return true;
}

static void test_totals(struct segment *r)
{
	struct stat_route_total t;

	ok(crowd(RINGS, count, r, NULL), "%d processes count in their own blocks", RINGS);
	is_int((int64_t)stat_total(r, STAT_CACHE_HITS), 2 * N * RINGS, "nothing is lost");
	is_int((int64_t)stat_total(r, STAT_CACHE_MISSES), 0, "and nothing counted elsewhere");
	stat_route_read(r, 3, &t);
	is_int((int64_t)t.by_class[2], N * RINGS, "by class");
	is_int((int64_t)t.buckets[2], N * RINGS, "70 us are above 50 and within 100");
	is_int((int64_t)t.sum_us, INT64_C(70) * N * RINGS, "and summed");
}

static void test_edges(struct segment *r)
{
	struct stat_route_total t;

	for (int i = 0; i < STAT_BUCKETS; i++) {
		stat_request(r, 0, 5, 404, stat_bounds_us[i]);
		stat_request(r, 0, 5, 503, stat_bounds_us[i] + 1);
	}
	stat_route_read(r, 5, &t);
	is_int((int64_t)t.buckets[0], 1, "a bound belongs to its bucket");
	is_int((int64_t)t.buckets[STAT_BUCKETS], 1, "above the last there is one more");
	is_int((int64_t)t.by_class[4], STAT_BUCKETS, "4xx");
	is_int((int64_t)t.by_class[5], STAT_BUCKETS, "5xx");
	stat_request(r, 0, 9, 999, -5);
	stat_route_read(r, STAT_OTHER, &t);
	is_int((int64_t)t.by_class[0], 1, "an unknown route or class is counted as other");
	stat_add(r, RINGS, STAT_LEASES, 1);
	stat_add(NULL, 0, STAT_LEASES, 1);
	stat_request(NULL, 0, 0, 200, 1);
	is_int((int64_t)stat_total(r, STAT_LEASES), 0, "a block that is not there counts nothing");
	is_int((int64_t)stat_total(NULL, STAT_LEASES), 0, "no segment, no counters");
}

static struct segment *segment_with(const char *const *labels)
{
	return segment_open(&(struct segment_options){
		.dir = fixture_dir, .database_id = DATABASE_A, .rings = RINGS, .limit_slots = SLOTS,
		.labels = labels,
	}, NULL, &fixture_err);
}

static int64_t of_route(const struct segment *r, size_t route)
{
	struct stat_route_total t;

	stat_route_read(r, route, &t);
	return (int64_t)t.by_class[2];
}

/* A program with other routes opens the segment that another one left. */
static void test_other_routes(void)
{
	static const char *const more[] = { "a", "b", "new", "c", "d", "e", "f", NULL };
	static const char *const less[] = { "f", "d", NULL };
	struct segment *r = segment_here();
	int64_t c = of_route(r, 2), d = of_route(r, 3), other;

	stat_request(r, 0, 5, 200, 70);
	stat_request(r, 1, STAT_OTHER, 200, 70);
	other = of_route(r, STAT_OTHER);
	segment_close(&r);
	r = segment_with(more);
	is_int(of_route(r, 2), 0, "a route added in the middle has counted nothing");
	is_int(of_route(r, 3), c, "the one behind it has its own counts");
	is_int(of_route(r, 4), d, "and so has the next");
	is_int(of_route(r, 6), 1, "and the last");
	is_int(of_route(r, STAT_OTHER), other, "and what no route took");
	is_int((int64_t)stat_total(r, STAT_CACHE_HITS), 2 * N * RINGS, "the counters are as they were");
	stat_request(r, 0, 2, 200, 70);
	segment_close(&r);
	r = segment_with(more);
	is_int(of_route(r, 2), 1, "with the same routes it is kept");
	segment_close(&r);
	r = segment_with(less);
	is_int(of_route(r, 0), 1, "fewer routes, in another order: each has its own");
	is_int(of_route(r, 1), d, "each");
	is_int(of_route(r, STAT_OTHER), other, "what a route counted that is gone, goes");
	segment_close(&r);
}

/* A segment that is moved keeps its rings, and is whole for the next one. */
static void test_fewer_rings(void)
{
	struct segment *r = segment_for(DATABASE_A, RINGS, SLOTS, NULL);
	int64_t hits = (int64_t)stat_total(r, STAT_CACHE_HITS), discarded;

	segment_close(&r);
	r = segment_for(DATABASE_A, RINGS / 2, 2 * SLOTS, &discarded);
	is_int((int64_t)stat_total(r, STAT_CACHE_HITS), hits, "fewer workers, more slots: all is moved");
	segment_close(&r);
	r = segment_for(DATABASE_A, RINGS / 2, 2 * SLOTS, &discarded);
	is_int(discarded, 0, "the next start finds it whole");
	is_int((int64_t)stat_total(r, STAT_CACHE_HITS), hits, "with what was counted");
	segment_close(&r);
}

/* The segment of a program whose counters stood in another order, one of them of
 * another name. */
static void test_other_counters(void)
{
	struct segment *r = segment_here();
	int64_t hits = (int64_t)stat_total(r, STAT_CACHE_HITS);

	stat_add(r, 0, STAT_LEASES, 7);
	snprintf(r->names[STAT_CACHE_HITS], STAT_NAME, "%s", stat_rows[STAT_CACHE_MISSES].name);
	snprintf(r->names[STAT_CACHE_MISSES], STAT_NAME, "%s", stat_rows[STAT_CACHE_HITS].name);
	snprintf(r->names[STAT_LEASES], STAT_NAME, "an older name");
	segment_close(&r);
	r = segment_here();
	is_int((int64_t)stat_total(r, STAT_CACHE_MISSES), hits, "a counter is found by its name");
	is_int((int64_t)stat_total(r, STAT_CACHE_HITS), 0, "each");
	is_int((int64_t)stat_total(r, STAT_LEASES), 0, "one that has a new name begins anew");
	segment_close(&r);
}

static void test_labels(void)
{
	static const char *const twice[] = { "a", "b", "a", NULL };
	static const char *const reserved[] = { "a", "other", NULL };
	const char *bad[] = { "a", "a label of very many characters, more than the segment has", NULL };
	const char *many[STAT_NAME * 4 + 1] = { NULL };
	char texts[STAT_NAME * 4][8];
	struct segment *r;

	ok(!segment_with(twice) && fixture_err.kind == ERR_INTERNAL, "%s", fixture_err.message);
	ok(!segment_with(reserved) && fixture_err.kind == ERR_INTERNAL, "%s", fixture_err.message);
	ok(!segment_with(bad) && fixture_err.kind == ERR_INTERNAL, "%s", fixture_err.message);
	for (size_t i = 0; i < STAT_NAME * 4; i++) {
		snprintf(texts[i], sizeof(texts[i]), "r%zu", i);
		many[i] = texts[i];
	}
	r = segment_with(many);
	stat_request(r, 0, STAT_NAME * 4 - 1, 200, 1);
	is_int(of_route(r, STAT_NAME * 4 - 1), 1, "there are as many routes as there are labels");
	segment_close(&r);
}

int main(void)
{
	struct segment *r;

	if (!fixture_begin())
		return 99;
	r = segment_here();
	test_rows();
	test_totals(r);
	test_edges(r);
	segment_close(&r);
	r = segment_here();
	is_int((int64_t)stat_total(r, STAT_CACHE_HITS), 2 * N * RINGS, "a new service goes on counting");
	segment_close(&r);
	test_fewer_rings();
	test_other_routes();
	test_other_counters();
	test_labels();
	return fixture_end();
}
