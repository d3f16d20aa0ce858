/*
 * shm/limit_due.c - the slots that the scheduler must act on: low ones, by a bitmap, and
 * those that hold an unused lease, of which each call examines a part, so that 200,000
 * slots cost no more than 4,000.
 */
#include "config.h"

#include <stdio.h>

#include "base/clock.h"
#include "shm/limit_private.h"

#define IDLE_MS 1000            /* before a lease that other hosts may need is given back */
#define IDLE_LONG_MS 60000      /* before any other is */
#define IDLE_SHARE 10           /* 1/10 of what is left: more than that, other hosts may need */
#define IDLE_GROUPS 64          /* looked at in one call */

static uint64_t bit_of(const struct limit_slot *s)
{
	return UINT64_C(1) << (s->index % LIMIT_GROUP);
}

static struct limit_slot *first_of(struct limit_group *g, uint64_t bits)
{
	return &g->slots[__builtin_ctzll(bits)];
}

static size_t groups_used(const struct segment *r)
{
	return (atomic_load(&r->header->limit_used) + LIMIT_GROUP - 1) / LIMIT_GROUP;
}

static void describe(struct limit_slot *s, bool low, struct limit_due *out)
{
	uint64_t word = atomic_load(&s->word);

	*out = (struct limit_due){
		.slot = s, .kind = (enum window_kind)s->kind, .window = limit_word_window(word),
		.left = limit_word_left(word), .limit = limit_word_limit(word), .low = low,
	};
	snprintf(out->subject, sizeof(out->subject), "%.*s", SEGMENT_TEXT - 1, s->subject);
}

/* --- low ------------------------------------------------------------------------ */

static size_t low(struct limit_group *g, struct limit_due *out, size_t max)
{
	uint64_t bits = atomic_load(&g->low);
	size_t n = 0;

	for (; bits && n < max; bits &= bits - 1) {
		struct limit_slot *s = first_of(g, bits);

		atomic_fetch_and(&g->low, ~bit_of(s));
		describe(s, true, &out[n++]);
	}
	return n;
}

/* Begins after the group that filled the last call, so that each group has its turn. */
static size_t all_low(struct segment *r, size_t groups, struct limit_due *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < groups; i++) {
		size_t at = (r->due_low + i) % groups;

		n += low(&r->groups[at], out + n, max - n);
		if (n == max) {
			r->due_low = at + 1;
			break;
		}
	}
	return n;
}

/* --- held ----------------------------------------------------------------------- */

/* A slot that is empty leaves the map; one that was filled meanwhile stays. */
static bool still_held(struct limit_group *g, struct limit_slot *s)
{
	if (limit_word_left(atomic_load(&s->word)) > 0)
		return true;
	atomic_fetch_and(&g->held, ~bit_of(s));
	if (limit_word_left(atomic_load(&s->word)) == 0)
		return false;
	atomic_fetch_or(&g->held, bit_of(s));
	return true;
}

/* Another host would be refused early for what is held here. */
static bool is_missed(const struct limit_slot *s)
{
	uint64_t word = atomic_load(&s->word);
	struct limit_note known;

	return !limit_note_read(s, limit_word_window(word), &known) ||
		(int64_t)limit_word_left(word) * IDLE_SHARE > limit_word_limit(word) - known.leased;
}

static bool is_idle(const struct limit_slot *s, int64_t now_ms, bool shared)
{
	int64_t since = now_ms - atomic_load(&s->used);

	return since >= IDLE_LONG_MS || (shared && since >= IDLE_MS && is_missed(s));
}

static size_t idle(struct limit_group *g, int64_t now_ms, bool shared, struct limit_due *out,
		   size_t max)
{
	uint64_t bits = atomic_load(&g->held);
	size_t n = 0;

	for (; bits && n < max; bits &= bits - 1) {
		struct limit_slot *s = first_of(g, bits);

		if (is_idle(s, now_ms, shared) && still_held(g, s))
			describe(s, false, &out[n++]);
	}
	return n;
}

static size_t some_idle(struct segment *r, size_t groups, int64_t now_ms, bool shared,
			struct limit_due *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < groups && i < IDLE_GROUPS && n < max; i++) {
		r->due_idle = (r->due_idle + 1) % groups;
		n += idle(&r->groups[r->due_idle], now_ms, shared, out + n, max - n);
	}
	return n;
}

size_t limit_due_list(struct segment *r, int64_t now_ms, bool shared, struct limit_due *out,
		      size_t max)
{
	size_t groups = groups_used(r);
	/* however many are low, some of the idle ones have their turn */
	size_t n = all_low(r, groups, out, max - max / 4);

	return n + some_idle(r, groups, now_ms, shared, out + n, max - n);
}

size_t limit_held(struct segment *r, struct limit_due *out, size_t max)
{
	size_t groups = groups_used(r), n = 0;

	for (size_t i = 0; i < groups && n < max; i++)
		for (uint64_t bits = atomic_load(&r->groups[i].held); bits && n < max; bits &= bits - 1) {
			struct limit_slot *s = first_of(&r->groups[i], bits);

			if (still_held(&r->groups[i], s))
				describe(s, false, &out[n++]);
		}
	return n;
}
