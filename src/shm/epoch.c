/*
 * shm/epoch.c - 4096 counters. Two ids in one bucket only cost each other a
 * SELECT.
 */
#include "config.h"

#include <string.h>

#include "shm/epoch.h"
#include "shm/segment_private.h"

static _Atomic uint32_t *counter(const struct segment *r, const char *id)
{
	return &r->epochs[segment_hash(id, strlen(id)) % EPOCH_BUCKETS];
}

uint32_t epoch_read(const struct segment *r, const char *id)
{
	return r && id ? atomic_load(counter(r, id)) : 0;
}

void epoch_bump(struct segment *r, const char *id)
{
	if (r && id)
		atomic_fetch_add(counter(r, id), 1);
}

void epoch_follow(struct segment *r, int64_t from, int64_t at)
{
	int64_t had;

	if (!r)
		return;
	/* a follower that began earlier does not cover what another one missed */
	had = atomic_load(&r->header->followed_from);
	while (had < from &&
	       !atomic_compare_exchange_weak(&r->header->followed_from, &had, from))
		;
	atomic_store(&r->header->followed_at, at);
}

bool epoch_followed(const struct segment *r, int64_t read_at, int64_t now)
{
	return r && now - atomic_load(&r->header->followed_at) <= FOLLOWED_MS &&
		read_at > atomic_load(&r->header->followed_from);
}
