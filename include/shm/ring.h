/*
 * shm/ring.h - usage rows on their way to the recorder: one single-producer
 * single-consumer ring a worker slot.
 *
 * SPSC, so a worker that is killed between claim and publish stops no other. A
 * row is published by the store of `head`; the recorder moves `tail` only after
 * COMMIT. Sequence numbers never repeat for one (host, ring): they start where
 * the header says, also after a restart.
 */
#ifndef PIERRE_SHM_RING_H
#define PIERRE_SHM_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/segment.h"

#define RING_ROWS 8192              /* a quarter of a second at 32,000 rows a second */

/* One allowed request. Fixed size; texts are cut, never overrun. */
struct usage_record {
	int64_t time_ms;
	char request_id[40];
	char key_id[37];        /* "" for a session */
	char user_id[37];
	char tenant_id[37];     /* "" = none */
	char route[48];         /* label: PIERRE_ROUTE, or first segment of the path */
	char method[8];
	char address[46];
	char user_agent[96];
	uint32_t cost;
};

/* Reserve storage for the rows of this ring, 3 MB, for good. False: the file system is
 * full; the first push tries again. */
bool ring_reserve(struct segment *r, size_t ring);
/* Producer: the worker of that slot. False = full: wait briefly, then 503. */
bool ring_push(struct segment *r, size_t ring, const struct usage_record *rec);
/* Sequence number of the last row pushed, for sync mode; the first row is 1. */
uint64_t ring_head_seq(const struct segment *r, size_t ring);
/* Rows up to this sequence are committed. */
uint64_t ring_tail_seq(const struct segment *r, size_t ring);

/* Consumer: the recorder. The row of a sequence, as it stands in the ring until
 * ring_done() passes it; NULL when it was passed, or is not pushed yet. */
const struct usage_record *ring_row(const struct segment *r, size_t ring, uint64_t seq);
void ring_done(struct segment *r, size_t ring, uint64_t upto); /* after COMMIT */
size_t ring_count(const struct segment *r);
size_t ring_depth(const struct segment *r, size_t ring);      /* rows waiting */

/* Wake the recorder, and the workers that wait for a commit (futex words in
 * the segment; spurious wake-ups are harmless). */
void ring_wake_recorder(struct segment *r);
/* Returns at once when rows were pushed since it returned last. */
void ring_wait_recorder(struct segment *r, int timeout_ms);

#endif
