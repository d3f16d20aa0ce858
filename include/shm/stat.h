/*
 * shm/stat.h - counters that every process adds to and /metrics reads.
 * One block a worker slot, written by its owner only: no contention.
 *
 * The segment outlives the program, so it holds the names of its counters and the
 * labels of its routes: when those of the program that opens it are others, what
 * was counted goes to the same name (segment_file.c).
 */
#ifndef PIERRE_SHM_STAT_H
#define PIERRE_SHM_STAT_H

#include <stdint.h>

#include "shm/segment.h"

enum stat_counter {      /* rows of stat_rows[] in shm/stat.c: name, help */
	STAT_CACHE_HITS, STAT_CACHE_MISSES,
	STAT_REFUSED_MISSING, STAT_REFUSED_UNKNOWN, STAT_REFUSED_REVOKED,
	STAT_REFUSED_EXPIRED, STAT_REFUSED_SUSPENDED, STAT_REFUSED_LIMIT,
	STAT_REFUSED_UNAVAILABLE,
	STAT_LEASES, STAT_LEASED_REQUESTS, STAT_LEASES_RETURNED, STAT_LIMIT_TABLE_FULL,
	STAT_LIMITS_OBSERVED,
	STAT_RING_FULL, STAT_ROWS_RECORDED, STAT_RECORDER_BATCHES, STAT_RECORDER_FAILURES,
	STAT__COUNT
};
struct stat_row { const char *name, *help; };
extern const struct stat_row stat_rows[STAT__COUNT];

#define STAT_OTHER SIZE_MAX      /* a request that no route took */
#define STAT_NAME 48             /* bytes of a name or label, with its NUL */
#define STAT_BUCKETS 14          /* of the latency histogram, bounds in stat_bounds_us */
extern const int64_t stat_bounds_us[STAT_BUCKETS];

void stat_add(struct segment *r, size_t block, enum stat_counter c, uint64_t n);
/* route: position in segment_options.labels; what is not there is STAT_OTHER. */
void stat_request(struct segment *r, size_t block, size_t route, int status, int64_t us);

struct stat_route_total {
	uint64_t by_class[6];           /* status / 100 */
	uint64_t buckets[STAT_BUCKETS + 1];
	uint64_t sum_us;
};
uint64_t stat_total(const struct segment *r, enum stat_counter c);
void stat_route_read(const struct segment *r, size_t route, struct stat_route_total *out);

#endif
