/* tests/unit/limit.c - leases: exact among processes, windows, changed limits. */
#include "config.h"

#include "segment_fixture.h"

#define SUBJECT "k33333333-2222-4333-8444-555555555555"

/* The window of now, so that nothing is old; one for all, children too, whatever month it
 * is meanwhile: main() asks first. */
static uint32_t month(void)
{
	static uint32_t w;

	if (w == 0)
		w = window_id(WINDOW_MONTH, clock_now());
	return w;
}

/* --- one process --------------------------------------------------------------------- */

static void test_take(struct segment *r)
{
	struct limit_slot *s = limit_slot_find(r, SUBJECT, WINDOW_MONTH);
	uint32_t w = month(), window, left;

	ok(s != NULL, "a slot");
	ok(s == limit_slot_find(r, SUBJECT, WINDOW_MONTH), "the same again");
	ok(s != limit_slot_find(r, SUBJECT, WINDOW_HOUR), "another for another kind");
	ok(limit_consume(s, w, w + 1, 100, 1, &window, &left) == LIMIT_EMPTY, "it holds nothing yet");
	ok(limit_add(s, w, 100, 10), "a lease of ten");
	ok(limit_consume(s, w, w + 1, 100, 3, &window, &left) == LIMIT_CONSUMED, "three of it");
	is_int(left, 7, "seven are left");
	is_int(window, w, "of this window");
	ok(limit_consume(s, w, w + 1, 100, 8, &window, &left) == LIMIT_EMPTY, "eight are too many");
	is_int(left, 7, "nothing was taken");
	ok(limit_refund(s, w, 100, 3) && limit_left(s, w) == 10, "given back");
	ok(limit_add(s, w, 100, 5) && limit_left(s, w) == 15, "leases add up");
	ok(!limit_add(s, w, 100, LIMIT_LEASE_MAX) && limit_left(s, w) == 15, "up to a bound");
	ok(!limit_add(s, w + 1, 100, LIMIT_LEASE_MAX + 1), "which one lease has too");
	is_int(limit_drain(s, &window), 15, "drained");
	is_int(limit_left(s, w), 0, "empty");
	ok(limit_slot_find(NULL, SUBJECT, WINDOW_DAY) == NULL, "no segment, no slot");
}

static void test_windows(struct segment *r)
{
	struct limit_slot *s = limit_slot_find(r, subject(1), WINDOW_MONTH);
	uint32_t w = month(), window, left;

	ok(limit_add(s, w, 100, 10), "ten for this month");
	ok(limit_consume(s, w - 1, w, 100, 1, &window, &left) == LIMIT_CONSUMED, "a clock set back");
	is_int(window, w, "takes from the newest window");
	ok(!limit_add(s, w - 1, 100, 5) && limit_left(s, w) == 9, "an older lease is never added");
	ok(!limit_refund(s, w - 1, 100, 1) && limit_left(s, w) == 9, "nor what was taken from an older one");
	ok(limit_consume(s, w + 1, w + 2, 100, 1, &window, &left) == LIMIT_EMPTY, "the next month begins empty");
	is_int(window, w + 1, "and is where the slot is now");
	is_int(limit_left(s, w), 0, "what was left is dropped");
	ok(!limit_refund(s, w, 100, 1), "nor is what was taken before the edge put back");
	ok(!limit_add(s, w, 100, 5), "what was leased before the edge comes too late");
	is_int(limit_left(s, w + 1), 0, "nothing got in");
	ok(limit_add(s, w + 1, 100, 4) && limit_left(s, w + 1) == 4, "its own lease does");
	ok(limit_add(s, w + 2, 100, 3), "a lease alone moves the window too");
	is_int(limit_left(s, w + 2), 3, "and nothing is carried over");
	ok(limit_consume(s, w, w + 1, 100, 1, &window, &left) == LIMIT_STALE, "a window after the next");
	is_int(window, w, "is not used");
	is_int(limit_window(s, w, w + 1), w, "nor told");
	is_int(limit_window(s, w, w + 2), w + 2, "unless both sides of an edge count");
	ok(limit_drain(s, &window) == 3 && window == w + 2, "what it holds can be given back");
	ok(limit_consume(s, w, w + 1, 100, 1, &window, &left) == LIMIT_EMPTY && window == w, "then the slot steps back");
	ok(limit_add(s, w, 100, 2) && limit_left(s, w) == 2, "and holds leases of the present");
	ok(limit_consume(s, w + 2, w + 3, 100, 1, &window, &left) == LIMIT_STALE && window == w + 2,
	   "a clock that is ahead does not drop them");
	is_int(limit_left(s, w), 2, "they are there to be given back");
}

static void test_changed(struct segment *r)
{
	struct limit_slot *s = limit_slot_find(r, subject(2), WINDOW_MONTH);
	uint32_t w = month(), window, left;

	ok(limit_add(s, w, 100, 10), "ten under a limit of 100");
	ok(limit_consume(s, w, w + 1, 50, 1, &window, &left) == LIMIT_STALE, "lowered: the lease is another's");
	is_int(left, 10, "all of it has to go back");
	ok(!limit_add(s, w, 50, 5), "nothing is added to it");
	is_int(limit_drain(s, &window), 10, "drained");
	ok(limit_consume(s, w, w + 1, 50, 1, &window, &left) == LIMIT_EMPTY, "then empty");
	ok(limit_add(s, w, 50, 5), "a lease under the new limit");
	ok(limit_consume(s, w, w + 1, 50, 1, &window, &left) == LIMIT_CONSUMED, "is there to be taken");
	ok(limit_consume(s, w, w + 1, 100, 1, &window, &left) == LIMIT_STALE, "but not under the old one");
	ok(limit_consume(s, w, w + 1, LIMIT_VALUE_MAX, 1, &window, &left) == LIMIT_STALE, "nor any other");
	ok(!limit_refund(s, w, 100, 1) && limit_left(s, w) == 4,
	   "nor given back what was taken under the old one");
	limit_drain(s, &window);
	ok(limit_refund(s, w, 100, 1) && limit_left(s, w) == 1, "an empty slot has it as it was leased");
	ok(limit_consume(s, w, w + 1, 50, 1, &window, &left) == LIMIT_STALE, "so not for the lowered limit");
}

static void test_note(struct segment *r)
{
	struct limit_slot *s = limit_slot_find(r, subject(3), WINDOW_MONTH);
	struct limit_note n = { .leased = 5, .at_ms = 6 };

	ok(!limit_note_read(s, 0, &n) && !limit_note_read(s, 7, &n), "no note yet");
	limit_note_write(s, 7, &(struct limit_note){ .leased = 123, .at_ms = 456 });
	ok(limit_note_read(s, 7, &n) && n.leased == 123 && n.at_ms == 456, "a note of window 7");
	ok(!limit_note_read(s, 8, &n), "none of window 8");
	atomic_fetch_add(&s->note_version, 1);
	ok(!limit_note_read(s, 7, &n), "one that is half written is none");
	limit_note_write(s, 8, &(struct limit_note){ .leased = 9, .at_ms = 1 });
	ok(limit_note_read(s, 8, &n) && n.leased == 9, "and is written over");
}

/* --- many processes: what was leased is what was taken ---------------------------------- */

#define POOL 1500000
#define LEASE 7          /* small, so that adding and taking meet often */

struct pool {
	_Atomic int64_t unleased;          /* what the database would hold */
	_Atomic int64_t taken, refunded;
	_Atomic int ready;                 /* nobody is done before the last one begins */
};

static uint32_t draw(struct pool *p, uint32_t want)
{
	int64_t had = atomic_load(&p->unleased), n;

	do {
		n = had < want ? had : want;
	} while (!atomic_compare_exchange_weak(&p->unleased, &had, had - n));
	return (uint32_t)n;
}

static void lease(struct limit_slot *s, uint32_t w, struct pool *p)
{
	uint32_t n = draw(p, LEASE);

	if (n > 0 && !limit_add(s, w, 1000, n))
		atomic_fetch_add(&p->unleased, n);
}

static bool hammer(struct segment *r, int index, void *arg)
{
	struct limit_slot *s = limit_slot_find(r, subject(4), WINDOW_MONTH);
	uint32_t w = month(), window, left, cost;
	struct pool *p = arg;
	unsigned seed = (unsigned)index;

	atomic_fetch_add(&p->ready, 1);
	while (atomic_load(&p->ready) < CROWD)
		usleep(100);
	for (;;) {
		int dice = rand_r(&seed) % 1000;

		cost = atomic_load(&p->unleased) > 0 && dice % 3 == 0 ? 3 : 1;
		switch (limit_consume(s, w, w + 1, 1000, cost, &window, &left)) {
		case LIMIT_CONSUMED:
			atomic_fetch_add(&p->taken, cost);
			break;
		case LIMIT_EMPTY:
			if (cost == 1 && atomic_load(&p->unleased) == 0)
				return true;
			lease(s, w, p);
			continue;
		default:
			return false;
		}
		if (dice < 50) {
			if (!limit_refund(s, w, 1000, cost))
				return false;
			atomic_fetch_add(&p->refunded, cost);
		} else if (dice < 100) {
			atomic_fetch_add(&p->unleased, limit_drain(s, &window));
		}
	}
}

static void test_exact(struct segment *r)
{
	struct pool *p = shared(sizeof(*p));
	struct limit_slot *s = limit_slot_find(r, subject(4), WINDOW_MONTH);

	atomic_store(&p->unleased, POOL);
	ok(crowd(CROWD, hammer, r, p), "%d processes take, give back, lease and drain", CROWD);
	is_int(p->taken - p->refunded + p->unleased + limit_left(s, month()), POOL,
	       "what was taken and what is left is what there was");
	ok(p->refunded > 0, "some was given back meanwhile");
	munmap(p, sizeof(*p));
}

/* --- many processes over window edges -------------------------------------------------- */

#define EDGES 200

struct edges {
	_Atomic uint32_t now;                       /* window of the clock */
	_Atomic int ready;
	_Atomic int64_t leased[EDGES + 1], taken[EDGES + 1];
};

static bool cross(struct segment *r, void *arg)
{
	struct limit_slot *s = limit_slot_find(r, subject(5), WINDOW_MONTH);
	uint32_t base = month(), newest = 0, window, left;
	struct edges *e = arg;

	for (int i = 0; atomic_load(&e->now) < EDGES; i++) {
		uint32_t now = atomic_load(&e->now), late = now > 0 && i % 7 == 0 ? now - 1 : now;
		enum limit_result t = limit_consume(s, base + late, base + EDGES, 1000, 1, &window, &left);

		if (window - base < newest || window - base > EDGES)
			return false;           /* a step back */
		newest = window - base;
		if (t == LIMIT_CONSUMED) {
			atomic_fetch_add(&e->taken[newest], 1);
			continue;
		}
		/* before the lease is there to be taken, as the database does it */
		atomic_fetch_add(&e->leased[newest], 20);
		if (!limit_add(s, base + newest, 1000, 20))
			atomic_fetch_sub(&e->leased[newest], 20);
	}
	return true;
}

static bool clock_runs(struct segment *r, int index, void *arg)
{
	struct edges *e = arg;

	atomic_fetch_add(&e->ready, 1);
	while (atomic_load(&e->ready) < CROWD)
		usleep(100);
	if (index > 0)
		return cross(r, arg);
	for (int i = 0; i < EDGES; i++) {
		usleep(500);
		atomic_fetch_add(&e->now, 1);
	}
	return true;
}

static void test_edges(struct segment *r)
{
	struct edges *e = shared(sizeof(*e));
	int64_t taken = 0;
	bool good = true;

	ok(crowd(CROWD, clock_runs, r, e), "no process sees a window step back");
	for (int i = 0; i <= EDGES; i++) {
		good = good && e->taken[i] <= e->leased[i];
		taken += e->taken[i];
	}
	ok(good, "in none of %d windows more was taken than leased for it", EDGES);
	ok(taken > EDGES, "%lld were taken", (long long)taken);
	munmap(e, sizeof(*e));
}

/* --- for the scheduler -------------------------------------------------------------------------- */

static size_t due(struct segment *r, int64_t at, struct limit_due *out)
{
	return limit_due_list(r, at, true, out, SLOTS);
}

static void test_due(void)
{
	struct segment *r = segment_here();
	struct limit_slot *a = limit_slot_find(r, subject(1), WINDOW_DAY);
	struct limit_slot *b = limit_slot_find(r, subject(2), WINDOW_MONTH);
	uint32_t w = window_id(WINDOW_DAY, clock_now()), window, left;
	int64_t now = clock_monotonic();
	struct limit_due d[SLOTS];

	/* however long they were looked for */
	atomic_store(&a->used, now);
	atomic_store(&b->used, now);
	is_int((int64_t)due(r, now, d), 0, "nothing is leased, nothing is due");
	ok(limit_add(a, w, 77, 100) && limit_add(b, month(), 88, 100), "two leases");
	is_int((int64_t)due(r, now, d), 0, "full and in use");
	limit_consume(a, w, w + 1, 77, 75, &window, &left);
	is_int((int64_t)due(r, now, d), 0, "a quarter is left");
	limit_consume(a, w, w + 1, 77, 1, &window, &left);
	is_int((int64_t)due(r, now, d), 1, "less than a quarter");
	ok(d[0].slot == a && d[0].low && d[0].left == 24 && d[0].window == w && d[0].limit == 77 &&
	   d[0].kind == WINDOW_DAY, "says which");
	is_str(d[0].subject, subject(1), "and whose");
	is_int((int64_t)due(r, now, d), 0, "once");
	limit_consume(a, w, w + 1, 77, 1, &window, &left);
	is_int((int64_t)due(r, now, d), 1, "and again after the next");
	is_int((int64_t)due(r, now + 1500, d), 2, "both are idle a second later");
	ok(!d[0].low && !d[1].low, "to be given back");
	is_int(limit_drain(a, &window), 23, "one is");
	is_int((int64_t)due(r, now + 1500, d), 1, "the other stays due");
	ok(d[0].slot == b && d[0].limit == 88, "that one");
	atomic_store(&b->used, now + 1400);
	is_int((int64_t)due(r, now + 2100, d), 0, "used again: not idle");
	limit_note_write(b, month(), &(struct limit_note){ 40, now });
	is_int((int64_t)due(r, now + 2600, d), 1, "a second later it is: 100 of 48 that are left");
	is_int((int64_t)limit_due_list(r, now + 2600, false, d, SLOTS), 0, "not where no other host is");
	is_int((int64_t)limit_due_list(r, now + 61500, false, d, SLOTS), 1, "but a minute later");
	limit_note_write(b, month(), &(struct limit_note){ -912, now });
	is_int((int64_t)due(r, now + 2600, d), 0, "nor when ten times as much is left");
	is_int((int64_t)due(r, now + 61500, d), 1, "before a minute is over");
	is_int((int64_t)limit_held(r, d, SLOTS), 1, "but held");
	limit_drain(b, &window);
	is_int((int64_t)limit_held(r, d, SLOTS), 0, "until it is drained");
	limit_refund(b, month(), 88, 2);
	is_int((int64_t)limit_held(r, d, SLOTS), 1, "what is given back is held");
	segment_close(&r);
	fixture_clear();
}

static void test_due_many(void)
{
	struct segment *r = segment_for(DATABASE_A, RINGS, 1024, NULL);
	bool seen[1024] = { false };
	struct limit_due d[10];
	int n = 0, all = 0;
	size_t got;

	for (int i = 0; i < 1000; i++) {
		struct limit_slot *s = limit_slot_find(r, subject(i), WINDOW_MONTH);
		uint32_t window, left;

		limit_add(s, month(), 50, 100);
		if (i % 2 == 0)
			limit_consume(s, month(), month() + 1, 50, 90, &window, &left);
	}
	while ((got = limit_due_list(r, clock_monotonic(), false, d, 10)) > 0 && n < 1000)
		for (size_t i = 0; i < got; i++, n++)
			seen[d[i].slot->index] = d[i].low;
	for (int i = 0; i < 1024; i++)
		all += seen[i];
	is_int(n, 500, "ten at a time, each low slot has its turn");
	is_int(all, 500, "once");
	segment_close(&r);
	fixture_clear();
}

/* Idle slots that nobody drains must not hide the others. */
static void test_due_turns(void)
{
	struct segment *r = segment_for(DATABASE_A, RINGS, 1024, NULL);
	struct limit_slot *last = NULL;
	uint32_t window, left;
	struct limit_due d[10];
	bool seen = false;

	for (int i = 0; i < 200; i++) {
		last = limit_slot_find(r, subject(i), WINDOW_MONTH);
		limit_add(last, month(), 50, 100);
		atomic_store(&last->used, clock_monotonic() - 5000);
	}
	limit_consume(last, month(), month() + 1, 50, 90, &window, &left);
	for (int i = 0; i < 200; i++) {
		size_t n = limit_due_list(r, clock_monotonic() + 2000, true, d, 10);

		for (size_t k = 0; k < n; k++)
			seen = seen || (d[k].slot == last && d[k].low);
	}
	ok(seen, "a low slot has its turn behind idle ones that are never drained");
	segment_close(&r);
	fixture_clear();
}

int main(void)
{
	struct segment *r;

	if (!fixture_begin())
		return 99;
	r = segment_here();
	test_take(r);
	test_windows(r);
	test_changed(r);
	test_note(r);
	test_exact(r);
	test_edges(r);
	segment_close(&r);
	fixture_clear();
	test_due();
	test_due_many();
	test_due_turns();
	return fixture_end();
}
