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

#include <stdint.h>

#include "shm/room.h"

uint32_t generation_read(const struct room *r, const char *id);
void generation_bump(struct room *r, const char *id);   /* id NULL: nothing */

#endif
