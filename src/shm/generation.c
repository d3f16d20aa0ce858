/*
 * shm/generation.c - 4096 counters. Two ids in one bucket only cost each other a
 * SELECT.
 */
#include "config.h"

#include <string.h>

#include "shm/generation.h"
#include "shm/room_private.h"

static _Atomic uint32_t *counter(const struct room *r, const char *id)
{
	return &r->generations[room_hash(id, strlen(id)) % GENERATION_BUCKETS];
}

uint32_t generation_read(const struct room *r, const char *id)
{
	return r && id ? atomic_load(counter(r, id)) : 0;
}

void generation_bump(struct room *r, const char *id)
{
	if (r && id)
		atomic_fetch_add(counter(r, id), 1);
}

void generation_follow(struct room *r, int64_t from, int64_t at)
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

bool generation_followed(const struct room *r, int64_t read_at, int64_t now)
{
	return r && now - atomic_load(&r->header->followed_at) <= FOLLOWED_MS &&
		read_at > atomic_load(&r->header->followed_from);
}
