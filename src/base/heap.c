/*
 * base/heap.c - glibc's thread cache hands out what was freed last. So to allocate all
 * chunks of a size, wipe and free them reaches everything in the cache.
 */
#include "config.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"

#define PERTURB 0xa5
#define CACHED_SIZE_MAX 1032   /* malloc/malloc.c: TCACHE_MAX_BINS 64, 16 bytes apart */
#define CACHED_SIZE_MIN 24
#define CACHED_COUNT 7         /* TCACHE_FILL_COUNT */

void heap_wipe_freed(void)
{
	mallopt(M_PERTURB, PERTURB);
}

static void wipe_size(size_t size)
{
	void *chunks[CACHED_COUNT];

	for (size_t i = 0; i < CACHED_COUNT; i++) {
		chunks[i] = malloc(size);
		if (chunks[i])
			explicit_bzero(chunks[i], size);
	}
	for (size_t i = 0; i < CACHED_COUNT; i++)
		free(chunks[i]);
}

void heap_wipe_cache(void)
{
	for (size_t size = CACHED_SIZE_MIN; size <= CACHED_SIZE_MAX; size += 16)
		wipe_size(size);
}
