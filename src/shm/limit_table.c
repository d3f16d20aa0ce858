/*
 * shm/limit_table.c - subject -> slot: chains of a hash table whose slots come
 * one after the other, so that few subjects touch few pages.
 *
 * Looking up takes no lock. Claiming holds the lock of the bucket; each step
 * is complete with one store, so what a killed holder leaves is at most one
 * slot in no chain, which the search for an old slot finds like any other.
 *
 * A slot is taken from its subject only when its window is over and it was not looked
 * up for RECLAIM_MS. A look-up writes `used` and then checks whether the slot is dead;
 * a claim marks the slot dead and then checks `used`: one of the two sees the other.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "shm/limit_private.h"

#define USED_ROUND_MS 250           /* `used` is at most this much too old */
#define RECLAIM_MS 600000           /* no request lives that long */
#define RECLAIM_TRIES 256           /* slots looked at for one claim */
#define LIMIT_RESERVE 64            /* groups that get storage at once */
#define HOPS_MAX 4096               /* a chain changed under us: look again, locked */

struct wanted {
	const char *subject;
	enum window_kind kind;
	size_t bucket;
	int64_t now;                /* monotonic */
};

static size_t bucket_of(const struct segment *r, const char *subject, enum window_kind k)
{
	return (segment_hash(subject, strlen(subject)) + (uint64_t)k * 0x9e3779b9u) & (r->n_buckets - 1);
}

static uint32_t first_in(const struct segment *r, size_t bucket)
{
	return atomic_load(&r->buckets[bucket]);
}

static struct limit_slot *slot_by(const struct segment *r, uint32_t link)
{
	return link && link <= r->limit_slots ? limit_at(r, link - 1) : NULL;
}

static bool is_for(const struct limit_slot *s, const struct wanted *q)
{
	return s->kind == (uint32_t)q->kind && strncmp(s->subject, q->subject, SEGMENT_TEXT) == 0;
}

static bool is_dead(const struct limit_slot *s)
{
	return limit_word_window(atomic_load(&s->word)) == LIMIT_WINDOW_DEAD;
}

static struct limit_slot *find(const struct segment *r, const struct wanted *q)
{
	struct limit_slot *s = slot_by(r, first_in(r, q->bucket));

	for (int hops = 0; s && hops < HOPS_MAX; hops++) {
		if (is_for(s, q))
			return s;
		s = slot_by(r, atomic_load(&s->next));
	}
	return NULL;
}

/* True: ours, and it stays so for RECLAIM_MS. */
static bool use(struct limit_slot *s, const struct wanted *q)
{
	if (q->now - atomic_load_explicit(&s->used, memory_order_relaxed) >= USED_ROUND_MS)
		atomic_store(&s->used, q->now);
	return !is_dead(s) && is_for(s, q);
}

/* --- claiming, under the lock of the bucket ------------------------------------------ */

static void unlink_slot(struct segment *r, struct limit_slot *s)
{
	_Atomic uint32_t *link = &r->buckets[atomic_load(&s->bucket) & (r->n_buckets - 1)];

	for (size_t hops = 0; hops <= r->limit_slots; hops++) {
		struct limit_slot *at = slot_by(r, atomic_load(link));

		if (!at)
			return;         /* in no chain: its claimer was killed */
		if (at == s) {
			atomic_store(link, atomic_load(&s->next));
			return;
		}
		link = &at->next;
	}
}

/* A window after the next one comes from a clock that was wrong. */
static bool is_old(const struct limit_slot *s, int64_t now)
{
	uint32_t window = limit_word_window(atomic_load(&s->word)), present;

	if (now - atomic_load(&s->used) < RECLAIM_MS)
		return false;
	present = window_id((enum window_kind)(s->kind % WINDOW__COUNT), clock_now());
	return window < present || window > present + 1;
}

/* Its bucket is locked. A fresh slot whose claimer is about to use it looks
 * old too; the swap of `used` says who gets it. */
static bool take_away(struct segment *r, struct limit_slot *s, int64_t now)
{
	int64_t used = atomic_load(&s->used);
	uint64_t word = atomic_load(&s->word), dead = limit_word_dead();

	if (!is_old(s, now) || !atomic_compare_exchange_strong(&s->word, &word, dead))
		return false;
	if (!atomic_compare_exchange_strong(&s->used, &used, now)) {
		atomic_compare_exchange_strong(&s->word, &dead, word);
		return false;
	}
	unlink_slot(r, s);
	return true;
}

static struct limit_slot *reclaim(struct segment *r, const struct wanted *q)
{
	size_t mine = q->bucket % LIMIT_STRIPES, all = atomic_load(&r->header->limit_used);

	for (int i = 0; i < RECLAIM_TRIES && all > 0; i++) {
		size_t at = atomic_fetch_add(&r->header->limit_rotor, 1) % all;
		struct limit_slot *s = limit_at(r, at);
		uint32_t bucket = atomic_load(&s->bucket);
		size_t stripe = bucket % LIMIT_STRIPES;
		bool done;

		if (!is_old(s, q->now) || (stripe != mine && !segment_try_lock(r, stripe)))
			continue;
		done = atomic_load(&s->bucket) == bucket && take_away(r, s, q->now);
		if (stripe != mine)
			segment_unlock(r, stripe);
		if (done) {
			s->index = (uint32_t)at;
			return s;
		}
	}
	return NULL;
}

/* Storage for the slots up to this one; a full file system says so here. */
static bool reserve(struct segment *r, uint32_t at)
{
	uint32_t had = atomic_load(&r->header->limit_reserved), next;
	size_t group;

	if (at < had)
		return true;
	group = at / LIMIT_GROUP;
	next = (uint32_t)(group + LIMIT_RESERVE) * LIMIT_GROUP;
	if (next > r->limit_slots)
		next = (uint32_t)r->limit_slots;
	if (posix_fallocate(r->fd, (off_t)(r->at.groups + group * sizeof(*r->groups)),
			    (off_t)((next / LIMIT_GROUP - group) * sizeof(*r->groups))) != 0)
		return false;
	while (had < next && !atomic_compare_exchange_weak(&r->header->limit_reserved, &had, next))
		;
	return true;
}

static struct limit_slot *fresh(struct segment *r, const struct wanted *q)
{
	uint32_t at = atomic_load(&r->header->limit_used);

	while (at < r->limit_slots && reserve(r, at)) {
		struct limit_slot *s = limit_at(r, at);
		int64_t never = 0;

		if (!atomic_compare_exchange_weak(&r->header->limit_used, &at, at + 1))
			continue;
		if (atomic_compare_exchange_strong(&s->used, &never, q->now)) {
			s->index = at;
			return s;
		}
		at = atomic_load(&r->header->limit_used);
	}
	return NULL;
}

static struct limit_slot *claim(struct segment *r, const struct wanted *q)
{
	struct limit_slot *s = fresh(r, q);

	if (!s)
		s = reclaim(r, q);
	if (!s)
		return NULL;
	snprintf(s->subject, sizeof(s->subject), "%s", q->subject);
	s->kind = (uint32_t)q->kind;
	atomic_store(&s->bucket, (uint32_t)q->bucket);
	atomic_store(&s->lease, 0);
	atomic_store(&s->note_version, 0);
	segment_mutex_init(&s->mutex);
	atomic_store(&s->next, first_in(r, q->bucket));
	atomic_store(&s->word, limit_word_empty());
	atomic_store(&r->buckets[q->bucket], s->index + 1);
	return s;
}

static struct limit_slot *find_or_claim(struct segment *r, const struct wanted *q)
{
	struct limit_slot *s;

	segment_lock(r, q->bucket % LIMIT_STRIPES);
	s = find(r, q);
	if (!s)
		s = claim(r, q);
	else if (is_dead(s))    /* its claimer was killed before the unlink */
		atomic_store(&s->word, limit_word_empty());
	if (s)
		use(s, q);
	segment_unlock(r, q->bucket % LIMIT_STRIPES);
	return s;
}

/* The first of its chain, which is nearly always the one. */
void limit_expect(const struct segment *r, const char *subject, enum window_kind k)
{
	const struct limit_slot *s = r ? slot_by(r, first_in(r, bucket_of(r, subject, k))) : NULL;

	if (!s)
		return;
	__builtin_prefetch(&s->word, 1);
	__builtin_prefetch(s->subject);
}

struct limit_slot *limit_slot_find(struct segment *r, const char *subject, enum window_kind k)
{
	struct wanted q = { .subject = subject, .kind = k };
	struct limit_slot *s;

	if (!r || strlen(subject) >= SEGMENT_TEXT)
		return NULL;
	q.bucket = bucket_of(r, subject, k);
	q.now = clock_monotonic();
	s = find(r, &q);
	if (!s || !use(s, &q))
		s = find_or_claim(r, &q);
	if (!s)
		atomic_fetch_add(&r->header->limit_full, 1);
	return s;
}

size_t limit_slots_used(const struct segment *r, size_t *all_r)
{
	size_t used = atomic_load(&r->header->limit_used);

	*all_r = r->limit_slots;
	return used < r->limit_slots ? used : r->limit_slots;
}
