/* tests/unit/limit_table.c - slots: claimed by many, full, by processes that die. */
#include "config.h"

#include "segment_fixture.h"
#include "worst.h"

#define LONG_AGO_MS 3600000

#define SHARED_SUBJECTS 40

struct claims {
	_Atomic int ready;
	uint32_t index[CROWD][SHARED_SUBJECTS];
};

static bool claim_all(struct segment *r, int index, void *arg)
{
	struct claims *c = arg;

	atomic_fetch_add(&c->ready, 1);
	while (atomic_load(&c->ready) < CROWD)
		;
	for (int i = 0; i < SHARED_SUBJECTS; i++) {
		struct limit_slot *s = limit_slot_find(r, subject(1000 + i), WINDOW_DAY);

		if (!s)
			return false;
		c->index[index][i] = s->index;
	}
	return true;
}

static void test_claims(void)
{
	struct segment *r = segment_here();
	struct claims *c = shared(sizeof(*c));
	bool same = true, distinct = true;

	ok(crowd(CROWD, claim_all, r, c), "%d processes claim the same subjects at once", CROWD);
	for (int i = 0; i < SHARED_SUBJECTS; i++) {
		for (int k = 1; k < CROWD; k++)
			same = same && c->index[k][i] == c->index[0][i];
		for (int k = 0; k < i; k++)
			distinct = distinct && c->index[0][i] != c->index[0][k];
	}
	ok(same, "each has one slot for all");
	ok(distinct, "of its own");
	is_int(atomic_load(&r->header->limit_used), SHARED_SUBJECTS, "and no slot is used up for nothing");
	munmap(c, sizeof(*c));
	segment_close(&r);
	fixture_clear();
}

static void make_old(struct limit_slot *s)
{
	atomic_store(&s->used, clock_monotonic() - LONG_AGO_MS);
}

static void test_full(void)
{
	struct segment *r = segment_here();
	struct limit_slot *s[SLOTS] = { NULL };
	uint32_t w = window_id(WINDOW_DAY, clock_now());
	bool all = true;

	for (int i = 0; i < SLOTS; i++) {
		s[i] = limit_slot_find(r, subject(i), WINDOW_DAY);
		all = all && s[i] && limit_add(s[i], w, 10, 1);
	}
	ok(all, "%d slots", SLOTS);
	ok(!limit_slot_find(r, subject(SLOTS), WINDOW_DAY), "then the table is full");
	is_int((int64_t)stat_total(r, STAT_LIMIT_TABLE_FULL), 1, "which is counted");
	ok(limit_slot_find(r, subject(7), WINDOW_DAY) == s[7], "those that are there are found");
	make_old(s[7]);
	ok(!limit_slot_find(r, subject(SLOTS), WINDOW_DAY), "an idle one stays inside its window");
	is_int(limit_left(s[7], w), 1, "with its lease");
	atomic_store(&s[9]->word, 0);
	ok(!limit_slot_find(r, subject(SLOTS), WINDOW_DAY), "and one just used stays also when its window is over");
	make_old(s[9]);
	ok(limit_slot_find(r, subject(SLOTS), WINDOW_DAY) == s[9], "an idle one whose window is over is taken");
	is_int(limit_left(s[9], w), 0, "empty");
	ok(limit_slot_find(r, subject(SLOTS), WINDOW_DAY) == s[9], "and found again");
	ok(!limit_slot_find(r, subject(9), WINDOW_DAY), "who had it finds the table full");
	all = true;
	for (int i = 0; i < SLOTS; i++)
		all = all && (i == 9 || limit_slot_find(r, subject(i), WINDOW_DAY) == s[i]);
	ok(all, "the others have theirs");
	segment_close(&r);
	fixture_clear();
}

/* --- at the worst moment ------------------------------------------------------------------- */

struct race {
	struct segment *segment;
	char subject[40];           /* subject() has one text for all */
	struct limit_slot *got;
};

static struct race race_for(struct segment *r, int i)
{
	struct race race = { .segment = r };

	snprintf(race.subject, sizeof(race.subject), "%s", subject(i));
	return race;
}

static void look_up(void *arg)
{
	struct race *race = arg;

	race->got = limit_slot_find(race->segment, race->subject, WINDOW_DAY);
}

static void test_claimed_meanwhile(void)
{
	struct race race = race_for(segment_here(), 1);

	worst(WORST_SEGMENT_LOCK, (struct moment){ .before = look_up, .arg = &race });
	ok(limit_slot_find(race.segment, subject(1), WINDOW_DAY) == race.got, "claimed by another while we wait for the lock");
	is_int(atomic_load(&race.segment->header->limit_used), 1, "it has one slot");
	segment_close(&race.segment);
	fixture_clear();
}

/* A full table, in which slot 9 is the only one that can be taken away. */
static struct segment *full_table(struct limit_slot *s[SLOTS])
{
	struct segment *r = segment_here();
	uint32_t w = window_id(WINDOW_DAY, clock_now());

	for (int i = 0; i < SLOTS; i++) {
		s[i] = limit_slot_find(r, subject(i), WINDOW_DAY);
		if (s[i])
			limit_add(s[i], i == 9 ? w - 1 : w, 10, 3);
	}
	make_old(s[9]);
	return r;
}

/* It is looked up by its subject before its bucket is locked, then between the two
 * looks at `used`: each time it stays, with what it holds. */
static void test_used_meanwhile(void)
{
	static const struct {
		enum worst_function at;
		int nth;
		const char *name;
	} rows[] = {
		{ WORST_SEGMENT_TRY_LOCK, 1, "used again before its bucket is locked" },
		{ WORST_CLOCK_NOW, 2, "used again while it is taken away" },
	};
	uint32_t w = window_id(WINDOW_DAY, clock_now());

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct limit_slot *s[SLOTS];
		struct race race = race_for(full_table(s), 9);

		worst(rows[i].at, (struct moment){ .nth = rows[i].nth, .before = look_up, .arg = &race });
		ok(!limit_slot_find(race.segment, subject(SLOTS), WINDOW_DAY), "%s: it is not to be had", rows[i].name);
		ok(race.got == s[9] && limit_slot_find(race.segment, subject(9), WINDOW_DAY) == s[9], "its subject keeps it");
		is_int(limit_left(s[9], w - 1), 3, "with its lease");
		make_old(s[9]);
		ok(limit_slot_find(race.segment, subject(SLOTS), WINDOW_DAY) == s[9], "idle again, it is taken: no lock is left");
		segment_close(&race.segment);
		fixture_clear();
	}
}

static void take_and_leave(void *arg)
{
	struct race *race = arg;

	look_up(race);
	make_old(race->got);
}

/* It went to another bucket before the lock of its old one was had: that lock says
 * nothing about it any more. */
static void test_moved_meanwhile(void)
{
	struct limit_slot *s[SLOTS];
	struct race race = race_for(full_table(s), SLOTS + 1);
	int locks = worst_calls(WORST_SEGMENT_TRY_LOCK);

	worst(WORST_SEGMENT_TRY_LOCK, (struct moment){ .before = take_and_leave, .arg = &race });
	ok(limit_slot_find(race.segment, subject(SLOTS), WINDOW_DAY) == s[9], "taken by another, left again, and taken");
	ok(race.got == s[9], "it is the same slot");
	is_int(worst_calls(WORST_SEGMENT_TRY_LOCK) - locks, 3, "each time under the lock of the bucket that it was in");
	segment_close(&race.segment);
	fixture_clear();
}

/* Slots go from subject to subject, and every chain stays whole. */
static void test_churn(void)
{
	struct segment *r = segment_here();
	bool taken = true, found = true;
	int live[SLOTS];

	for (int i = 0; i < SLOTS; i++) {
		limit_slot_find(r, subject(i), WINDOW_DAY);
		live[i] = i;
	}
	for (int i = 0; i < 5 * SLOTS; i++) {
		int victim = rand() % SLOTS;
		struct limit_slot *old = limit_slot_find(r, subject(live[victim]), WINDOW_DAY);

		make_old(old);
		live[victim] = i + SLOTS;
		taken = limit_slot_find(r, subject(live[victim]), WINDOW_DAY) == old && taken;
		for (int k = 0; k < SLOTS; k++)
			found = limit_slot_find(r, subject(live[k]), WINDOW_DAY) && found;
	}
	ok(taken, "each old slot goes to the next subject");
	ok(found, "and all others are found");
	segment_close(&r);
	fixture_clear();
}

/* A claimer that was killed before it linked its slot. */
static void test_leaked(void)
{
	struct segment *r = segment_here();
	bool all = true;

	limit_slot_find(r, subject(0), WINDOW_DAY);
	atomic_fetch_add(&r->header->limit_used, 1);
	for (int i = 1; i < SLOTS - 1; i++)
		all = all && limit_slot_find(r, subject(i), WINDOW_DAY);
	ok(all, "all slots but one that is in no chain");
	ok(limit_slot_find(r, subject(SLOTS), WINDOW_DAY) == limit_at(r, 1), "which is found in the end");
	ok(limit_slot_find(r, subject(SLOTS), WINDOW_DAY) == limit_at(r, 1), "and again");
	ok(!limit_slot_find(r, subject(SLOTS + 1), WINDOW_DAY), "once");
	/* and one that was killed between marking it dead and unlinking it */
	make_old(limit_at(r, 5));
	atomic_store(&limit_at(r, 5)->word, limit_word_dead());
	ok(limit_slot_find(r, subject(4), WINDOW_DAY) == limit_at(r, 5), "a dead slot comes back for its subject");
	ok(limit_add(limit_at(r, 5), window_id(WINDOW_DAY, clock_now()), 9, 1), "alive");
	segment_close(&r);
	fixture_clear();
}

/* --- holders that are killed ------------------------------------------------------------------ */

struct held {
	_Atomic int go;
	size_t stripe;
	struct limit_slot *slot;
};

static bool hold_stripe(struct segment *r, int index, void *arg)
{
	struct held *h = arg;

	(void)index;
	segment_lock(r, h->stripe);
	atomic_store(&h->go, 1);
	return true;
}

static bool hold_slot(struct segment *r, int index, void *arg)
{
	struct held *h = arg;

	(void)r;
	(void)index;
	limit_lock(h->slot, 1000);
	limit_note_write(h->slot, 1, &(struct limit_note){ 1, 1 });
	atomic_fetch_add(&h->slot->note_version, 1);
	atomic_store(&h->go, 1);
	return true;
}

static bool claim_many(struct segment *r, int index, void *arg)
{
	(void)index;
	(void)arg;
	for (int i = rand() % 1000;; i++) {
		struct limit_slot *s = limit_slot_find(r, subject(i % 1000), WINDOW_DAY);

		if (s && i % 2)
			make_old(s);    /* its window is 0: to be taken away again */
	}
	return true;
}

static void test_killed_holders(void)
{
	struct held *h = shared(sizeof(*h));
	struct segment *r = segment_here();
	struct limit_note n;

	for (h->stripe = 0; h->stripe < LIMIT_STRIPES; h->stripe++) {
		atomic_store(&h->go, 0);
		if (h->stripe % 8 == 0)
			killed(hold_stripe, r, h, 0, &h->go);
	}
	for (int i = 0; i < SLOTS / 2; i++)
		limit_slot_find(r, subject(i), WINDOW_DAY);
	is_int(atomic_load(&r->header->limit_used), SLOTS / 2, "the locks of killed holders are recovered");
	h->slot = limit_slot_find(r, subject(0), WINDOW_DAY);
	atomic_store(&h->go, 0);
	killed(hold_slot, r, h, 0, &h->go);
	ok(limit_lock(h->slot, 0), "and that of a slot");
	ok(!limit_note_read(h->slot, 1, &n), "its half-written note is none");
	limit_unlock(h->slot);
	ok(limit_lock(h->slot, 0), "unlocked and locked again");
	limit_unlock(h->slot);
	munmap(h, sizeof(*h));
	segment_close(&r);
	fixture_clear();
}

static bool try_lock(struct segment *r, int index, void *arg)
{
	(void)r;
	(void)index;
	return !limit_lock(arg, 20);
}

static void test_killed_claims(void)
{
	struct segment *r = segment_here();
	struct limit_slot *s;
	bool good = true;

	for (int i = 0; i < 100; i++) {
		srand((unsigned)i);
		killed(claim_many, r, NULL, (useconds_t)(rand() % 3000), NULL);
	}
	for (int i = 0; i < SLOTS; i++)
		make_old(limit_at(r, (size_t)i));
	for (int i = 0; i < SLOTS; i++) {
		s = limit_slot_find(r, subject(5000 + i), WINDOW_DAY);
		good = good && s && s == limit_slot_find(r, subject(5000 + i), WINDOW_DAY);
	}
	ok(good, "after 100 killed claimers every slot can be had, none is lost");
	s = limit_slot_find(r, subject(5000), WINDOW_DAY);
	ok(limit_lock(s, 0) && crowd(1, try_lock, r, s), "a lock that is held is not had in time");
	limit_unlock(s);
	segment_close(&r);
	fixture_clear();
}

int main(void)
{
	if (!fixture_begin())
		return 99;
	test_claims();
	test_full();
	test_claimed_meanwhile();
	test_used_meanwhile();
	test_moved_meanwhile();
	test_churn();
	test_leaked();
	test_killed_holders();
	test_killed_claims();
	return fixture_end();
}
