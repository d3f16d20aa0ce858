/*
 * shm/stat.c - counters. A block has one writer, so adding is a load and a
 * store; it is kept when its process ends, since a counter only grows.
 */
#include "config.h"

#include <string.h>

#include "shm/segment_private.h"
#include "shm/scoreboard.h"

_Static_assert(STAT_NAME <= SLOT_ROUTE, "a slot holds each label whole");

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
	[STAT_LIMITS_OBSERVED] = { "limits_observed_total", "Limits that would have refused, but only observe." },
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

_Atomic uint64_t *stat_counters(const struct segment *r, size_t block)
{
	return (void *)(r->stats + block * r->stat_bytes);
}

struct stat_route *stat_routes(const struct segment *r, size_t block)
{
	return (void *)(stat_counters(r, block) + r->counters);
}

void stat_add(struct segment *r, size_t block, enum stat_counter c, uint64_t n)
{
	if (r && block < r->rings && c < STAT__COUNT)
		add(&stat_counters(r, block)[c], n);
}

/* The last slot is for all others. */
static size_t slot_of(const struct segment *r, size_t route)
{
	return route < r->routes - 1 ? route : r->routes - 1;
}

static size_t bucket(int64_t us)
{
	size_t i = 0;

	while (i < STAT_BUCKETS && us > stat_bounds_us[i])
		i++;
	return i;
}

void stat_request(struct segment *r, size_t block, size_t route, int status, int64_t us)
{
	int64_t spent = us < 0 ? 0 : us;
	int class = status / 100;
	struct stat_route *s;

	if (!r || block >= r->rings)
		return;
	s = &stat_routes(r, block)[slot_of(r, route)];
	add(&s->by_class[class >= 1 && class <= 5 ? class : 0], 1);
	add(&s->buckets[bucket(spent)], 1);
	add(&s->sum_us, (uint64_t)spent);
}

uint64_t stat_total(const struct segment *r, enum stat_counter c)
{
	uint64_t sum = 0;

	if (!r || c >= STAT__COUNT)
		return 0;
	for (size_t i = 0; i < r->rings; i++)
		sum += get(&stat_counters(r, i)[c]);
	/* the caller that finds the table full has no block */
	return c == STAT_LIMIT_TABLE_FULL ? sum + get(&r->header->limit_full) : sum;
}

void stat_route_read(const struct segment *r, size_t route, struct stat_route_total *out)
{
	*out = (struct stat_route_total){ 0 };
	if (!r)
		return;
	for (size_t i = 0; i < r->rings; i++) {
		const struct stat_route *s = &stat_routes(r, i)[slot_of(r, route)];

		for (size_t k = 0; k < sizeof(out->by_class) / sizeof(out->by_class[0]); k++)
			out->by_class[k] += get(&s->by_class[k]);
		for (size_t k = 0; k <= STAT_BUCKETS; k++)
			out->buckets[k] += get(&s->buckets[k]);
		out->sum_us += get(&s->sum_us);
	}
}

/* --- names ------------------------------------------------------------------------ */

static const char other[] = "other";   /* what no route took */

bool stat_labels(const char *const *labels, size_t *n_r, struct err *err_r)
{
	size_t n = 0;

	for (; labels && labels[n]; n++) {
		if (strlen(labels[n]) >= STAT_NAME)
			return err_set(err_r, ERR_INTERNAL, "the label %s has more than %d characters",
				       labels[n], STAT_NAME - 1);
		for (size_t i = 0; i <= n; i++)
			if (strcmp(i < n ? labels[i] : other, labels[n]) == 0)
				return err_set(err_r, ERR_INTERNAL, "two routes have the label %s",
					       labels[n]);
	}
	*n_r = n;
	return true;
}

/* Of the i-th counter or, behind them, route, in the order of this program. */
static const char *name_at(const char *const *labels, size_t i, size_t n)
{
	if (i < STAT__COUNT)
		return stat_rows[i].name;
	return i + 1 < n ? labels[i - STAT__COUNT] : other;
}

void stat_name(struct segment *r, const char *const *labels)
{
	size_t n = r->counters + r->routes;

	for (size_t i = 0; i < n; i++)
		str_copy(r->names[i], STAT_NAME, name_at(labels, i, n));
}

bool stat_named(const struct segment *r, const char *const *labels)
{
	size_t n = r->counters + r->routes, n_labels = 0;

	while (labels && labels[n_labels])
		n_labels++;
	if (r->counters != STAT__COUNT || r->routes != n_labels + 1)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strncmp(r->names[i], name_at(labels, i, n), STAT_NAME) != 0)
			return false;
	return true;
}

/* Position of a name among n; n = not found. */
static size_t find(char (*names)[STAT_NAME], size_t n, const char *name)
{
	size_t i = 0;

	while (i < n && strncmp(names[i], name, STAT_NAME) != 0)
		i++;
	return i;
}

static void move_counters(struct segment *to, const struct segment *from)
{
	for (size_t i = 0; i < to->counters; i++) {
		size_t old = find(from->names, from->counters, to->names[i]);

		for (size_t b = 0; old < from->counters && b < from->rings; b++)
			add(&stat_counters(to, b)[i], get(&stat_counters(from, b)[old]));
	}
}

void stat_move(struct segment *to, const struct segment *from)
{
	move_counters(to, from);
	for (size_t i = 0; i < to->routes; i++) {
		size_t old = find(from->names + from->counters, from->routes,
				  to->names[to->counters + i]);

		for (size_t b = 0; old < from->routes && b < from->rings; b++)
			memcpy(&stat_routes(to, b)[i], &stat_routes(from, b)[old],
			       sizeof(struct stat_route));
	}
	add(&to->header->limit_full, get(&from->header->limit_full));
}
