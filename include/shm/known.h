/*
 * shm/known.h - what this host knows of the time. Written by the scheduler (and
 * `start` by a process that begins), read by all.
 */
#ifndef PIERRE_SHM_KNOWN_H
#define PIERRE_SHM_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/segment.h"

struct known_state {
	bool unconfirmed;         /* so nothing is deleted because of its age */
	int64_t off_ms;           /* this host's clock less the database's */
	/* op/clock_rule.h: outlives the scheduler */
	int64_t steady_start, steady_since;
};
void known_write(struct segment *r, const struct known_state *s);
void known_read(const struct segment *r, struct known_state *out);

/* What the database's clock said when this host's clock_uptime() was 0; 0 = it
 * has none, or was not asked yet. For clock_follow(). */
const _Atomic int64_t *known_start(const struct segment *r);
void known_set_start(struct segment *r, int64_t start);

#endif
