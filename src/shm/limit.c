/*
 * shm/limit.c - taking from leases, by compare-and-swap of one word:
 *
 *   window id : 21 | limit : 30 | left : 13
 *
 * The limit is in the word so that a take under one limit can never hit a
 * lease made under another. Finding slots is limit_table.c.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "shm/limit_private.h"

#define LEFT_BITS 13
#define LIMIT_BITS 30
#define LEFT_MASK ((UINT64_C(1) << LEFT_BITS) - 1)
#define LIMIT_MASK ((UINT64_C(1) << LIMIT_BITS) - 1)
#define NOTE_TRIES 64

_Static_assert(LIMIT_VALUE_MAX == LIMIT_MASK, "limits fit the word");
_Static_assert(2 * LIMIT_LEASE_MAX <= LEFT_MASK, "a lease and what comes back fit the word");

uint32_t limit_word_window(uint64_t word)
{
	return (uint32_t)(word >> (LIMIT_BITS + LEFT_BITS));
}

int64_t limit_word_limit(uint64_t word)
{
	return (int64_t)(word >> LEFT_BITS & LIMIT_MASK);
}

uint32_t limit_word_left(uint64_t word)
{
	return (uint32_t)(word & LEFT_MASK);
}

static uint64_t word_of(uint32_t window, int64_t limit, uint32_t left)
{
	int64_t l = limit < 0 ? 0 : limit > LIMIT_VALUE_MAX ? LIMIT_VALUE_MAX : limit;

	return (uint64_t)window << (LIMIT_BITS + LEFT_BITS) | (uint64_t)l << LEFT_BITS | left;
}

static uint64_t with_left(uint64_t word, uint32_t left)
{
	return (word & ~LEFT_MASK) | left;
}

uint64_t limit_word_empty(void)
{
	return 0;
}

uint64_t limit_word_dead(void)
{
	return word_of(LIMIT_WINDOW_DEAD, 0, 0);
}

/* --- bitmaps ------------------------------------------------------------------ */

static struct limit_group *group_of(struct limit_slot *s)
{
	struct limit_slot *first = s - s->index % LIMIT_GROUP;

	return (struct limit_group *)(void *)((char *)first - offsetof(struct limit_group, slots));
}

static uint64_t bit_of(const struct limit_slot *s)
{
	return UINT64_C(1) << (s->index % LIMIT_GROUP);
}

static void mark(_Atomic uint64_t *map, uint64_t bit)
{
	if (!(atomic_load_explicit(map, memory_order_relaxed) & bit))
		atomic_fetch_or(map, bit);
}

static void mark_if_low(struct limit_slot *s, uint32_t left)
{
	if (left < atomic_load_explicit(&s->lease, memory_order_relaxed) / 4)
		mark(&group_of(s)->low, bit_of(s));
}

/* --- the word ------------------------------------------------------------------ */

/* Neither this window nor one beside it: the clock was set, or is right again. A
 * dead slot is at no window. */
static bool is_far(uint64_t word, uint32_t w, uint32_t newest)
{
	uint32_t at = limit_word_window(word);

	return (at > newest || at + 1 < w) && at != LIMIT_WINDOW_DEAD;
}

static uint32_t window_of(uint64_t word, uint32_t w, uint32_t newest)
{
	uint32_t at = limit_word_window(word);

	return at > w && at <= newest ? at : w;
}

uint32_t limit_window(const struct limit_slot *s, uint32_t w, uint32_t newest)
{
	return window_of(atomic_load(&s->word), w, newest);
}

enum limit_result limit_consume(struct limit_slot *s, uint32_t w, uint32_t newest, int64_t limit,
				uint32_t cost, uint32_t *window_r, uint32_t *left_r)
{
	uint64_t want = word_of(w, limit, 0), old = atomic_load(&s->word), next;

	for (;;) {
		uint32_t left = limit_word_left(old);
		bool far = is_far(old, w, newest);

		*window_r = window_of(old, w, newest);
		*left_r = left;
		if (left > 0 && far)
			return LIMIT_STALE;
		if (far || limit_word_window(old) < w) {
			/* what is left of the window before is dropped */
			if (!atomic_compare_exchange_weak(&s->word, &old, want))
				continue;
			old = want;
			*left_r = left = 0;
		}
		if (left > 0 && limit_word_limit(old) != limit_word_limit(want))
			return LIMIT_STALE;
		if (left < cost)
			return LIMIT_EMPTY;
		next = with_left(old, left - cost);
		if (atomic_compare_exchange_weak(&s->word, &old, next))
			break;
	}
	*left_r = limit_word_left(next);
	mark_if_low(s, *left_r);
	return LIMIT_CONSUMED;
}

/* The word after adding, or false. */
static bool added(uint64_t old, uint64_t lease, uint64_t *next_r)
{
	uint32_t sum = limit_word_left(old) + limit_word_left(lease);

	*next_r = lease;
	if (limit_word_window(lease) != limit_word_window(old))
		return limit_word_window(lease) > limit_word_window(old);
	if (limit_word_left(old) == 0)
		return true;
	*next_r = with_left(old, sum);
	return limit_word_limit(lease) == limit_word_limit(old) && sum <= LIMIT_LEASE_MAX;
}

/* The word that it was put into is *next_r. */
static bool put(struct limit_slot *s, uint64_t lease, uint64_t *next_r)
{
	uint64_t old = atomic_load(&s->word);

	do {
		if (!added(old, lease, next_r))
			return false;
	} while (!atomic_compare_exchange_weak(&s->word, &old, *next_r));
	mark(&group_of(s)->held, bit_of(s));
	return true;
}

bool limit_add(struct limit_slot *s, uint32_t w, int64_t limit, uint32_t n)
{
	uint64_t next;

	if (n > LIMIT_LEASE_MAX || !put(s, word_of(w, limit, n), &next))
		return false;
	atomic_store(&s->lease, limit_word_left(next));
	return true;
}

bool limit_refund(struct limit_slot *s, uint32_t w, int64_t limit, uint32_t cost)
{
	uint64_t next;

	return cost <= LIMIT_LEASE_MAX && put(s, word_of(w, limit, cost), &next);
}

uint32_t limit_drain(struct limit_slot *s, uint32_t *window_r)
{
	uint64_t old;

	/* before the word: a lease that is added after it sets the bit again */
	atomic_fetch_and(&group_of(s)->held, ~bit_of(s));
	old = atomic_load(&s->word);
	while (!atomic_compare_exchange_weak(&s->word, &old, with_left(old, 0)))
		;
	*window_r = limit_word_window(old);
	return limit_word_left(old);
}

uint32_t limit_left(const struct limit_slot *s, uint32_t w)
{
	uint64_t word = atomic_load(&s->word);

	return limit_word_window(word) == w ? limit_word_left(word) : 0;
}

/* --- lock and note ------------------------------------------------------------- */

bool limit_lock(struct limit_slot *s, int timeout_ms)
{
	struct timespec ts;
	int rc;

	if (timeout_ms == 0) {
		rc = pthread_mutex_trylock(&s->mutex);
	} else {
		ts = clock_monotonic_timespec(clock_monotonic() + timeout_ms);
		rc = pthread_mutex_clocklock(&s->mutex, CLOCK_MONOTONIC, &ts);
	}

	if (rc == EOWNERDEAD)   /* what it held is forfeited; the word is whole */
		rc = pthread_mutex_consistent(&s->mutex);
	return rc == 0;
}

void limit_unlock(struct limit_slot *s)
{
	pthread_mutex_unlock(&s->mutex);
}

/* An odd number says that it is being written; a killed writer leaves it so. */
void limit_note_write(struct limit_slot *s, uint32_t w, const struct limit_note *n)
{
	uint32_t odd = atomic_load(&s->note_version) | 1;

	atomic_store(&s->note_version, odd);
	atomic_store(&s->note_window, w);
	atomic_store(&s->note_leased, n->leased);
	atomic_store(&s->note_at, n->at_ms);
	atomic_store(&s->note_version, odd + 1);
}

bool limit_note_read(const struct limit_slot *s, uint32_t w, struct limit_note *out)
{
	for (int i = 0; i < NOTE_TRIES; i++) {
		uint32_t version = atomic_load(&s->note_version);
		struct limit_note note = { atomic_load(&s->note_leased),
					   atomic_load(&s->note_at) };
		uint32_t window = atomic_load(&s->note_window);

		if (version % 2 == 1 || atomic_load(&s->note_version) != version)
			continue;
		if (version == 0 || window != w)
			return false;
		*out = note;
		return true;
	}
	return false;
}
