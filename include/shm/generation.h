/*
 * shm/generation.h - has a key, user, tenant or session changed since it was read?
 *
 * 4096 counters by hash of its id. A reader takes the counters *before* its SELECT and
 * keeps them with the row. A process that changes a row commits, and *then* bumps the
 * counter, also when the outcome of the commit is uncertain. Equal counters = nothing
 * of that bucket was changed on this host. room NULL: bump does nothing, a read gives 0.
 */
#ifndef PIERRE_SHM_GENERATION_H
#define PIERRE_SHM_GENERATION_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/room.h"

uint32_t generation_read(const struct room *r, const char *id);
void generation_bump(struct room *r, const char *id);   /* id NULL: nothing */

/* The process that follows the changes of all hosts says: everything that was committed
 * after `from` and before `at` is bumped here. Several processes may say so at once.
 * Monotonic ms. */
void generation_follow(struct room *r, int64_t from, int64_t at);
/* True: a row that was read at read_at, after `from`, and is not bumped, was still the
 * same FOLLOWED_MS ago or later. */
#define FOLLOWED_MS 3000
bool generation_followed(const struct room *r, int64_t read_at, int64_t now);

#endif
