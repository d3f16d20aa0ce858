/*
 * shm/generation.c - 4096 counters. Two subjects in one bucket only cost each
 * other a look into the database.
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
