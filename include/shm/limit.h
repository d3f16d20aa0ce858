/*
 * shm/limit.h - leased quota in shared slots: exact, without a database write.
 *
 * A slot belongs to one subject and kind of window (hour, day, week, month) and holds
 * what is left of the host's lease for one window, in one 64-bit word
 * (window id | limit | left) changed by compare-and-swap. Taking never goes below
 * zero. A clock that is set back by a window keeps using the newest; a slot that is
 * further ahead, after a clock that was wrong, is emptied and steps back. What is
 * left when the next window begins is dropped, when a later one begins, given back.
 * What was leased for window W is dropped, never added, when the slot is
 * already at W+1. Slots are claimed under a per-bucket robust lock and not
 * evicted inside their window; a full table is a NULL slot: the caller leases
 * one request at a time.
 */
#ifndef PIERRE_SHM_LIMIT_H
#define PIERRE_SHM_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/window.h"
#include "shm/segment.h"

struct limit_slot;

/* Bounds of the word: a larger limit counts as this one, a larger lease is
 * not added. A cost above the lease bound can never be taken. */
#define LIMIT_VALUE_MAX INT64_C(1073741823)
#define LIMIT_LEASE_MAX 4095

/* subject: uuid text with one letter of its kind before it ("k"..., "u"...).
 * NULL: the table is full (counted in the statistics), or r is NULL. The slot
 * is good for this request; ask again in the next (no lock when it is there). */
struct limit_slot *limit_slot_find(struct segment *r, const char *subject, enum window_kind k);

/* The slot is looked up soon: prefetch its memory. This is no look-up, so an idle slot
 * stays idle. */
void limit_expect(const struct segment *r, const char *subject, enum window_kind k);

enum limit_result {
	LIMIT_EMPTY,      /* not enough left of the lease: lease more */
	LIMIT_CONSUMED,
	LIMIT_STALE,      /* it holds a lease under another limit, or of a window that is not
			   * beside this one: drain it and give that back first */
};
/* Take cost from the lease of window w, or of the slot's when that is newer, up to
 * `newest`; *window_r = which. limit: of the row that the request was judged
 * by; a slot leased under another one is LIMIT_STALE. *left_r = what is left. */
enum limit_result limit_consume(struct limit_slot *s, uint32_t w, uint32_t newest, int64_t limit,
				uint32_t cost, uint32_t *window_r, uint32_t *left_r);
/* The window that limit_consume() would use. */
uint32_t limit_window(const struct limit_slot *s, uint32_t w, uint32_t newest);
/* Add a lease of n for window w under this limit. False: the slot is at a
 * newer window, or holds a lease under another limit, or would hold more than
 * LIMIT_LEASE_MAX; n is to be given back (or lost). */
bool limit_add(struct limit_slot *s, uint32_t w, int64_t limit, uint32_t n);
/* Put back what was taken for window w under this limit; false as of limit_add. */
bool limit_refund(struct limit_slot *s, uint32_t w, int64_t limit, uint32_t cost);
/* Zero the slot and return what was left and for which window, so that it can
 * be given back in the database *after* (the reverse could exceed the limit). */
uint32_t limit_drain(struct limit_slot *s, uint32_t *window_r);
/* What is left of the lease for window w, nothing taken; 0 for another window. */
uint32_t limit_left(const struct limit_slot *s, uint32_t w);

/* A process that leases, refills or gives back holds the slot's lock from before the
 * database call until the result is in the slot (and its note). Otherwise a lease that
 * is on its way looks like a limit that is reached. Taking needs no lock. Robust: the
 * lock of a killed holder is recovered. False: the time ran out. */
bool limit_lock(struct limit_slot *s, int timeout_ms);
void limit_unlock(struct limit_slot *s);

/* What all hosts had leased after this host's last lease or return for window
 * w, and when that was (monotonic ms). Written under the lock, read without: a
 * torn pair only makes a reply's `remaining` wrong. */
struct limit_note {
	int64_t leased, at_ms;
};
void limit_note_write(struct limit_slot *s, uint32_t w, const struct limit_note *n);
/* False: none was made for this window. */
bool limit_note_read(const struct limit_slot *s, uint32_t w, struct limit_note *out);

/* For the scheduler: slots that are low (under a quarter of the last lease) or
 * hold something and are idle. Idle is a minute without a look-up, so that many
 * keys, each used now and then, do not lease and give back for every request;
 * but a second for what other hosts (shared) may soon be refused for: more than
 * a tenth of what is left of the limit. now_ms is of clock_monotonic(). A low
 * slot is reported once each time it becomes low, an idle one until it was
 * drained; low ones come first. When max was reached, call again. A call looks at 4096 slots for
 * idle ones, the next at the next. */
struct limit_due {
	struct limit_slot *slot;
	char subject[40];
	enum window_kind kind;
	uint32_t window, left;
	int64_t limit;
	bool low;        /* refill; otherwise idle: give back */
};
size_t limit_due_list(struct segment *r, int64_t now_ms, bool shared, struct limit_due *out,
		      size_t max);
/* For a clean stop: slots that hold anything, idle or not, as not low. */
size_t limit_held(struct segment *r, struct limit_due *out, size_t max);

/* For /metrics: slots that were ever claimed, of all there are. */
size_t limit_slots_used(const struct segment *r, size_t *all_r);

#endif
