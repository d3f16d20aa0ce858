/*
 * base/heap.h - wipes what a library frees without wiping it: json-c's copies of
 * passwords and tokens, libpq's rows.
 */
#ifndef PIERRE_BASE_HEAP_H
#define PIERRE_BASE_HEAP_H

/* From here on free() overwrites: M_PERTURB of mallopt(3). That costs 1.9 us a
 * request of the fast pool, so it is for the others. In glibc 2.36 chunks of up
 * to 1032 bytes are left out, since they go to the thread's cache ... */
void heap_wipe_freed(void);
/* ... so this is called after a library has freed a secret, and before another
 * one can get the chunk. Wipes all that the cache holds. */
void heap_wipe_cache(void);

#endif
