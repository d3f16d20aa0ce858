/*
 * shm/ring.c - one producer, one consumer. A row is written behind head and
 * exists once head is stored; what a killed producer left half-written is
 * behind head still, and the next one writes over it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "shm/segment_private.h"

static struct usage_record *row(const struct segment *r, size_t ring, uint64_t seq)
{
	return &r->rows[ring * RING_ROWS + seq % RING_ROWS];
}

bool ring_reserve(struct segment *r, size_t ring)
{
	off_t offset;

	if (!r || ring >= r->rings)
		return false;
	if (atomic_load(&r->heads[ring].reserved))
		return true;
	offset = (const char *)row(r, ring, 0) - (const char *)r->header;
	if (posix_fallocate(r->fd, offset, (off_t)(RING_ROWS * sizeof(struct usage_record))) != 0)
		return false;
	atomic_store(&r->heads[ring].reserved, 1);
	return true;
}

/* Prefetch the memory of the next row, which was not used for a whole ring: the wait
 * for it was a seventh of a request's time outside the kernel. */
static void expect(const struct usage_record *next)
{
	for (size_t at = 0; at < sizeof(*next); at += LINE)
		__builtin_prefetch((const char *)next + at, 1);
}

bool ring_push(struct segment *r, size_t ring, const struct usage_record *rec)
{
	struct ring_head *h;
	uint64_t head;

	if (!r || ring >= r->rings)
		return false;
	h = &r->heads[ring];
	head = atomic_load_explicit(&h->head, memory_order_relaxed);
	if (head - atomic_load_explicit(&h->tail, memory_order_acquire) >= RING_ROWS ||
	    !ring_reserve(r, ring))
		return false;
	*row(r, ring, head + 1) = *rec;
	atomic_store_explicit(&h->head, head + 1, memory_order_release);
	expect(row(r, ring, head + 2));
	return true;
}

uint64_t ring_head_seq(const struct segment *r, size_t ring)
{
	return r && ring < r->rings ? atomic_load(&r->heads[ring].head) : 0;
}

uint64_t ring_tail_seq(const struct segment *r, size_t ring)
{
	return r && ring < r->rings ? atomic_load(&r->heads[ring].tail) : 0;
}

const struct usage_record *ring_row(const struct segment *r, size_t ring, uint64_t seq)
{
	return seq > ring_tail_seq(r, ring) && seq <= ring_head_seq(r, ring) ? row(r, ring, seq) : NULL;
}

void ring_done(struct segment *r, size_t ring, uint64_t upto)
{
	uint64_t head = ring_head_seq(r, ring);

	if (!r || ring >= r->rings)
		return;
	if (upto > head)
		upto = head;
	if (upto > ring_tail_seq(r, ring))
		atomic_store_explicit(&r->heads[ring].tail, upto, memory_order_release);
}

size_t ring_count(const struct segment *r)
{
	return r ? r->rings : 0;
}

size_t ring_depth(const struct segment *r, size_t ring)
{
	/* tail first: it never passes a head that is read later */
	uint64_t tail = ring_tail_seq(r, ring);

	return (size_t)(ring_head_seq(r, ring) - tail);
}

/* --- waiting ------------------------------------------------------------------ */

static long futex(_Atomic uint32_t *word, int op, uint32_t value, const struct timespec *ts)
{
	return syscall(SYS_futex, word, op, value, ts, NULL, 0);
}

void ring_wake_recorder(struct segment *r)
{
	struct segment_header *h;

	if (!r)
		return;
	h = r->header;
	/* the new head must be visible before we check whether the recorder sleeps */
	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(&h->recorder_waits, memory_order_relaxed))
		return;
	atomic_store(&h->recorder_waits, 0);
	atomic_fetch_add(&h->recorder_wakes, 1);
	futex(&h->recorder_wakes, FUTEX_WAKE, 1, NULL);
}

static uint64_t all_heads(const struct segment *r)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->rings; i++)
		sum += atomic_load(&r->heads[i].head);
	return sum;
}

/* A row that was pushed since the last return ends the wait at once, so no
 * wake is lost; rows that the caller knows of already do not. */
void ring_wait_recorder(struct segment *r, int timeout_ms)
{
	struct timespec ts = { .tv_sec = timeout_ms / SECOND_MS,
			       .tv_nsec = timeout_ms % SECOND_MS * 1000000 };
	struct segment_header *h = r->header;

	atomic_store(&h->recorder_waits, 1);
	if (atomic_load(&h->recorder_wakes) == r->seen_wakes && all_heads(r) == r->seen_heads)
		futex(&h->recorder_wakes, FUTEX_WAIT, r->seen_wakes, timeout_ms < 0 ? NULL : &ts);
	atomic_store(&h->recorder_waits, 0);
	r->seen_wakes = atomic_load(&h->recorder_wakes);
	r->seen_heads = all_heads(r);
}
