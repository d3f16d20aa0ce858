/*
 * shm/room.c - the room as it is mapped: where the parts are, its locks, and
 * whether a file of the database is lost.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "shm/room_private.h"

/* --- layout ------------------------------------------------------------------- */

static size_t part(size_t *at, size_t bytes)
{
	size_t begin = *at;

	*at = (begin + bytes + ROOM_PAGE - 1) / ROOM_PAGE * ROOM_PAGE;
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

void room_measure(struct room *r, const struct room_sizes *sizes)
{
	size_t groups = ((size_t)sizes->limit_slots + LIMIT_GROUP - 1) / LIMIT_GROUP, at = 0;

	r->rings = (size_t)sizes->rings;
	r->limit_slots = groups * LIMIT_GROUP;
	r->n_buckets = buckets_for((size_t)sizes->limit_slots);
	r->cache_bytes = (size_t)sizes->cache_bytes / ROOM_PAGE * ROOM_PAGE;
	r->cache_buckets = cache_buckets_for((size_t)sizes->cache_bytes);
	r->counters = (size_t)sizes->counters;
	r->routes = (size_t)sizes->routes;
	r->stat_bytes = stat_bytes(r->counters, r->routes);
	r->at.header = part(&at, sizeof(*r->header));
	r->at.generations = part(&at, GENERATION_BUCKETS * sizeof(*r->generations));
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

void room_place(struct room *r, void *base)
{
	char *b = base;

	r->header = (void *)(b + r->at.header);
	r->generations = (void *)(b + r->at.generations);
	r->buckets = (void *)(b + r->at.buckets);
	r->cache_index = (void *)(b + r->at.cache_index);
	r->groups = (void *)(b + r->at.groups);
	r->cache_log = b + r->at.cache_log;
	r->heads = (void *)(b + r->at.heads);
	r->names = (void *)(b + r->at.names);
	r->stats = b + r->at.stats;
	r->rows = (void *)(b + r->at.rows);
}

struct limit_slot *limit_at(const struct room *r, size_t index)
{
	return &r->groups[index / LIMIT_GROUP].slots[index % LIMIT_GROUP];
}

void room_cache_empty(struct room *r)
{
	atomic_store(&r->header->cache_from, atomic_load(&r->header->cache_head));
}

const char *room_host_id(const struct room *r)
{
	return r->header->identity.host_id;
}

/* Both halves of the product count: its low bits alone know no high bit. */
static uint64_t mixed(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

uint64_t room_hash(const void *data, size_t n)
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

const char *room_lost(const struct room *r)
{
	switch (atomic_load_explicit(&r->header->lost, memory_order_acquire)) {
	case ROOM_LOST_NO:
		return NULL;
	case ROOM_LOST_SAID:
		return r->header->lost_why;
	default:   /* perhaps by one that was killed meanwhile */
		return "A file of the database is lost: restart the service";
	}
}

void room_lose(struct room *r, const char *sentence)
{
	uint32_t no = ROOM_LOST_NO;

	if (!atomic_compare_exchange_strong(&r->header->lost, &no, ROOM_LOST_WRITING))
		return;
	snprintf(r->header->lost_why, ROOM_LOST_TEXT, "%.*s", ROOM_LOST_TEXT - 1, sentence);
	atomic_store(&r->header->lost, ROOM_LOST_SAID);
	room_cache_empty(r);
}

/* --- locks -------------------------------------------------------------------- */

void room_mutex_init(pthread_mutex_t *m)
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

void room_lock(struct room *r, size_t stripe)
{
	pthread_mutex_t *m = &r->header->stripes[stripe].mutex;

	recovered(m, pthread_mutex_lock(m));
}

bool room_try_lock(struct room *r, size_t stripe)
{
	pthread_mutex_t *m = &r->header->stripes[stripe].mutex;

	return recovered(m, pthread_mutex_trylock(m));
}

void room_unlock(struct room *r, size_t stripe)
{
	pthread_mutex_unlock(&r->header->stripes[stripe].mutex);
}
