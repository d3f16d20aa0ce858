/*
 * shm/segment.c - the segment as it is mapped: where the parts are, its locks, and
 * whether a file of the database is lost.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "shm/segment_private.h"

/* --- layout ------------------------------------------------------------------- */

static size_t part(size_t *at, size_t bytes)
{
	size_t begin = *at;

	*at = (begin + bytes + SEGMENT_PAGE - 1) / SEGMENT_PAGE * SEGMENT_PAGE;
	return begin;
}

/* Four slots a bucket when the table is full. */
static size_t buckets_for(size_t limit_slots)
{
	size_t n = LIMIT_STRIPES;

	while (n * 4 < limit_slots)
		n *= 2;
	return n;
}

/* As many as the typical entries of a full log fill half. */
static size_t cache_buckets_for(size_t cache_bytes)
{
	size_t n = 64;

	while (n * CACHE_WAYS * 256 < cache_bytes)
		n *= 2;
	return n;
}

/* A block begins with a line of its own, so that writers do not meet. */
static size_t stat_bytes(size_t counters, size_t routes)
{
	size_t n = counters * sizeof(_Atomic uint64_t) + routes * sizeof(struct stat_route);

	return (n + LINE - 1) / LINE * LINE;
}

void segment_measure(struct segment *r, const struct segment_sizes *sizes)
{
	size_t groups = ((size_t)sizes->limit_slots + LIMIT_GROUP - 1) / LIMIT_GROUP, at = 0;

	r->rings = (size_t)sizes->rings;
	r->limit_slots = groups * LIMIT_GROUP;
	r->n_buckets = buckets_for((size_t)sizes->limit_slots);
	r->cache_bytes = (size_t)sizes->cache_bytes / SEGMENT_PAGE * SEGMENT_PAGE;
	r->cache_buckets = cache_buckets_for((size_t)sizes->cache_bytes);
	r->counters = (size_t)sizes->counters;
	r->routes = (size_t)sizes->routes;
	r->stat_bytes = stat_bytes(r->counters, r->routes);
	r->at.header = part(&at, sizeof(*r->header));
	r->at.epochs = part(&at, EPOCH_BUCKETS * sizeof(*r->epochs));
	r->at.buckets = part(&at, r->n_buckets * sizeof(*r->buckets));
	r->at.cache_index = part(&at, r->cache_buckets * sizeof(*r->cache_index));
	r->at.groups = part(&at, groups * sizeof(*r->groups));
	r->at.cache_log = part(&at, r->cache_bytes);
	r->at.heads = part(&at, r->rings * sizeof(*r->heads));
	r->at.names = part(&at, (r->counters + r->routes) * sizeof(*r->names));
	r->at.stats = part(&at, r->rings * r->stat_bytes);
	r->at.rows = part(&at, r->rings * RING_ROWS * sizeof(*r->rows));
	r->bytes = at;
}

void segment_place(struct segment *r, void *base)
{
	char *b = base;

	r->header = (void *)(b + r->at.header);
	r->epochs = (void *)(b + r->at.epochs);
	r->buckets = (void *)(b + r->at.buckets);
	r->cache_index = (void *)(b + r->at.cache_index);
	r->groups = (void *)(b + r->at.groups);
	r->cache_log = b + r->at.cache_log;
	r->heads = (void *)(b + r->at.heads);
	r->names = (void *)(b + r->at.names);
	r->stats = b + r->at.stats;
	r->rows = (void *)(b + r->at.rows);
}

struct limit_slot *limit_at(const struct segment *r, size_t index)
{
	return &r->groups[index / LIMIT_GROUP].slots[index % LIMIT_GROUP];
}

void segment_cache_empty(struct segment *r)
{
	atomic_store(&r->header->cache_from, atomic_load(&r->header->cache_head));
}

const char *segment_host_id(const struct segment *r)
{
	return r->header->identity.host_id;
}

/* Both halves of the product count: its low bits alone know no high bit. */
static uint64_t mixed(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

uint64_t segment_hash(const void *data, size_t n)
{
	const char *p = data;
	uint64_t h = n, word;

	for (; n >= sizeof(word); n -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = mixed(h, word);
	}
	word = 0;
	memcpy(&word, p, n);
	return mixed(h, word);
}

/* --- a lost file ---------------------------------------------------------------- */

const char *segment_lost(const struct segment *r)
{
	switch (atomic_load_explicit(&r->header->lost, memory_order_acquire)) {
	case SEGMENT_LOST_NO:
		return NULL;
	case SEGMENT_LOST_SAID:
		return r->header->lost_why;
	default:   /* perhaps by one that was killed meanwhile */
		return "A file of the database is lost: restart the service";
	}
}

bool segment_lose(struct segment *r, const char *sentence)
{
	uint32_t no = SEGMENT_LOST_NO;

	if (!atomic_compare_exchange_strong(&r->header->lost, &no, SEGMENT_LOST_WRITING))
		return false;
	snprintf(r->header->lost_why, SEGMENT_LOST_TEXT, "%.*s", SEGMENT_LOST_TEXT - 1, sentence);
	atomic_store(&r->header->lost, SEGMENT_LOST_SAID);
	segment_cache_empty(r);
	return true;
}

/* --- locks -------------------------------------------------------------------- */

void segment_mutex_init(pthread_mutex_t *m)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(m, &a);
	pthread_mutexattr_destroy(&a);
}

/* What a killed holder was at is complete after each of its stores. */
static bool recovered(pthread_mutex_t *m, int rc)
{
	if (rc == EOWNERDEAD)
		rc = pthread_mutex_consistent(m);
	return rc == 0;
}

void segment_lock(struct segment *r, size_t stripe)
{
	pthread_mutex_t *m = &r->header->stripes[stripe].mutex;

	recovered(m, pthread_mutex_lock(m));
}

bool segment_try_lock(struct segment *r, size_t stripe)
{
	pthread_mutex_t *m = &r->header->stripes[stripe].mutex;

	return recovered(m, pthread_mutex_trylock(m));
}

void segment_unlock(struct segment *r, size_t stripe)
{
	pthread_mutex_unlock(&r->header->stripes[stripe].mutex);
}
