/*
 * shm/epoch.h - has a key, user, tenant or session changed since it was read?
 *
 * 4096 counters by hash of its id. A reader takes the counters *before* its SELECT and
 * keeps them with the row. A process that changes a row commits, and *then* bumps the
 * counter, also when the outcome of the commit is uncertain. Equal counters = nothing
 * of that bucket was changed on this host. segment NULL: bump does nothing, a read gives 0.
 */
#ifndef PIERRE_SHM_EPOCH_H
#define PIERRE_SHM_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/segment.h"

uint32_t epoch_read(const struct segment *r, const char *id);
void epoch_bump(struct segment *r, const char *id);     /* id NULL: nothing */

/* The process that follows the changes of all hosts says: everything that was committed
 * after `from` and before `at` is bumped here. Several processes may say so at once.
 * Monotonic ms. */
void epoch_follow(struct segment *r, int64_t from, int64_t at);
/* True: a row that was read at read_at, after `from`, and is not bumped, was still the
 * same FOLLOWED_MS ago or later. */
#define FOLLOWED_MS 3000
bool epoch_followed(const struct segment *r, int64_t read_at, int64_t now);

#endif
