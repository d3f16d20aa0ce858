/*
 * shm/generation.h - when did a subject last change?
 *
 * 4096 counters by hash of the subject's id (key, user, tenant, session). A
 * reader takes the counters *before* its SELECT and keeps them with the row;
 * whoever changes a subject commits, *then* bumps, also when the outcome of
 * the commit is uncertain. Equal counters = nothing of that bucket changed on
 * this host. room NULL: bump does nothing, a read gives 0.
 */
#ifndef PIERRE_SHM_GENERATION_H
#define PIERRE_SHM_GENERATION_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/room.h"

uint32_t generation_read(const struct room *r, const char *id);
void generation_bump(struct room *r, const char *id);   /* id NULL: nothing */

/* Whoever follows the changes of all hosts says: what was committed after `from`
 * and before `at` is bumped here. Several may say so at once. Monotonic ms. */
void generation_follow(struct room *r, int64_t from, int64_t at);
/* What was read at read_at, after `from`, and is not bumped, was so FOLLOWED_MS
 * before now at the earliest. */
#define FOLLOWED_MS 3000
bool generation_followed(const struct room *r, int64_t read_at, int64_t now);

#endif
