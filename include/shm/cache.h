/*
 * shm/cache.h - a cache of short blobs by name, shared by all processes of a
 * host: a log that begins again at its front when it is full, and an index of
 * 8-way buckets into it.
 *
 * An entry is never changed, so a reader copies it and then checks whether the log was
 * written over meanwhile. No locks: a killed writer leaves an entry that is not in the
 * index. On a full file system nothing is kept. segment NULL or without a cache: nothing is
 * found.
 */
#ifndef PIERRE_SHM_CACHE_H
#define PIERRE_SHM_CACHE_H

#include "base/arena.h"
#include "shm/segment.h"

#define CACHE_IDS 3

/* When the data was true, in the caller's terms. */
struct cache_stamp {
	uint32_t epochs[CACHE_IDS];
	uint32_t unused;                /* what is shared has no padding */
	int64_t read_at;                /* monotonic ms */
};

/* The newest entry of that name, copied into arena; NULL = none. */
const void *segment_cache_find(const struct segment *r, const char *name, struct arena *arena,
			       struct cache_stamp *stamp_r, size_t *size_r);
/* Above CACHE_ENTRY_MAX bytes with its name it is not kept. */
#define CACHE_ENTRY_MAX 4096
void segment_cache_store(struct segment *r, const char *name, const struct cache_stamp *stamp,
			 const void *data, size_t size);

#endif
