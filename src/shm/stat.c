/*
 * shm/stat.c - counters. A block has one writer, so adding is a load and a
 * store; it is kept when its process ends, since a counter only grows.
 */
#include "config.h"

#include "shm/room_private.h"

const struct stat_row stat_rows[STAT__COUNT] = {
	[STAT_CACHE_HITS] = { "cache_hits_total", "Credentials found in the host's cache." },
	[STAT_CACHE_MISSES] = { "cache_misses_total", "Credentials looked up in the database." },
	[STAT_REFUSED_MISSING] = { "refused_missing_total", "Requests without a credential." },
	[STAT_REFUSED_UNKNOWN] = { "refused_unknown_total", "Requests with an unknown credential." },
	[STAT_REFUSED_REVOKED] = { "refused_revoked_total", "Requests with a revoked key." },
	[STAT_REFUSED_EXPIRED] = { "refused_expired_total", "Requests with an expired credential." },
	[STAT_REFUSED_SUSPENDED] = { "refused_suspended_total",
				     "Requests of an account that is not active." },
	[STAT_REFUSED_LIMIT] = { "refused_limit_total", "Requests above a limit." },
	[STAT_REFUSED_UNAVAILABLE] = { "refused_unavailable_total",
				       "Requests that could not be judged or recorded." },
	[STAT_LEASES] = { "leases_total", "Leases taken from the database." },
	[STAT_LEASED_REQUESTS] = { "leased_requests_total", "Requests that were leased." },
	[STAT_LEASES_RETURNED] = { "leases_returned_total", "Leases given back unspent." },
	[STAT_LIMIT_TABLE_FULL] = { "limit_table_full_total",
				    "Look-ups that found no free limit slot (LIMIT_SLOTS)." },
	[STAT_RING_FULL] = { "ring_full_total", "Usage rows that found their ring full." },
	[STAT_ROWS_RECORDED] = { "rows_recorded_total", "Usage rows committed." },
	[STAT_RECORDER_BATCHES] = { "recorder_batches_total", "Transactions of the recorder." },
	[STAT_RECORDER_FAILURES] = { "recorder_failures_total",
				     "Transactions of the recorder that failed." },
};

const int64_t stat_bounds_us[STAT_BUCKETS] = {
	25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 100000, 250000, 1000000, 5000000,
};

static void add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void stat_add(struct room *r, size_t block, enum stat_counter c, uint64_t n)
{
	if (r && block < r->rings && c < STAT__COUNT)
		add(&r->stats[block].counters[c], n);
}

static size_t bucket(int64_t us)
{
	size_t i = 0;

	while (i < STAT_BUCKETS && us > stat_bounds_us[i])
		i++;
	return i;
}

void stat_request(struct room *r, size_t block, size_t route, int status, int64_t us)
{
	int64_t spent = us < 0 ? 0 : us;
	int class = status / 100;
	struct stat_route *s;

	if (!r || block >= r->rings)
		return;
	s = &r->stats[block].routes[route < STAT_ROUTES ? route : STAT_ROUTES - 1];
	add(&s->by_class[class >= 1 && class <= 5 ? class : 0], 1);
	add(&s->buckets[bucket(spent)], 1);
	add(&s->sum_us, (uint64_t)spent);
}

uint64_t stat_total(const struct room *r, enum stat_counter c)
{
	uint64_t sum = 0;

	if (!r || c >= STAT__COUNT)
		return 0;
	for (size_t i = 0; i < r->rings; i++)
		sum += get(&r->stats[i].counters[c]);
	/* whoever finds the table full has no block at hand */
	return c == STAT_LIMIT_TABLE_FULL ? sum + get(&r->header->limit_full) : sum;
}

void stat_route_total(const struct room *r, size_t route, struct stat_route_total *out)
{
	*out = (struct stat_route_total){ 0 };
	if (!r || route >= STAT_ROUTES)
		return;
	for (size_t i = 0; i < r->rings; i++) {
		const struct stat_route *s = &r->stats[i].routes[route];

		for (size_t k = 0; k < sizeof(out->by_class) / sizeof(out->by_class[0]); k++)
			out->by_class[k] += get(&s->by_class[k]);
		for (size_t k = 0; k <= STAT_BUCKETS; k++)
			out->buckets[k] += get(&s->buckets[k]);
		out->sum_us += get(&s->sum_us);
	}
}
