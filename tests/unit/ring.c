/* tests/unit/ring.c - rows on their way: nothing lost, nothing twice. */
#include "config.h"

#include <sched.h>

#include "segment_fixture.h"

#define KILLS 150

static void fill(struct usage_record *rec, uint64_t seq)
{
	memset(rec, (int)(seq % 251), sizeof(*rec));
	rec->time_ms = (int64_t)seq;
	rec->cost = (uint32_t)seq;
}

static bool has(const struct segment *r, size_t ring, uint64_t seq)
{
	const struct usage_record *rec = ring_row(r, ring, seq);
	struct usage_record want;

	fill(&want, seq);
	return rec && memcmp(rec, &want, sizeof(want)) == 0;
}

static bool push(struct segment *r, size_t ring)
{
	struct usage_record rec;

	fill(&rec, ring_head_seq(r, ring) + 1);
	return ring_push(r, ring, &rec);
}

static void test_basics(struct segment *r)
{
	int n = 0;

	is_int((int64_t)ring_count(r), RINGS, "one ring a slot");
	ok(!ring_row(r, 0, 0) && !ring_row(r, 0, 1), "an empty ring has no row");
	ok(push(r, 0) && push(r, 0) && push(r, 0), "three rows");
	is_int((int64_t)ring_head_seq(r, 0), 3, "sequences begin with 1");
	is_int((int64_t)ring_depth(r, 0), 3, "three wait");
	is_int((int64_t)ring_depth(r, 1), 0, "none in another ring");
	ok(has(r, 0, 1) && has(r, 0, 2) && has(r, 0, 3), "in order");
	ok(!ring_row(r, 0, 4), "and no more");
	ring_done(r, 0, 2);
	is_int((int64_t)ring_tail_seq(r, 0), 2, "two are committed");
	ok(!ring_row(r, 0, 2) && has(r, 0, 3), "what is committed is gone");
	ring_done(r, 0, 1);
	is_int((int64_t)ring_tail_seq(r, 0), 2, "the tail never goes back");
	ring_done(r, 0, 99);
	is_int((int64_t)ring_tail_seq(r, 0), 3, "nor past the head");
	while (push(r, 0))
		n++;
	is_int(n, RING_ROWS, "full after so many");
	ring_done(r, 0, 4);
	ok(push(r, 0), "space for one");
	ok(!push(r, 0), "and only one");
	ring_done(r, 0, ring_head_seq(r, 0));
	is_int((int64_t)ring_depth(r, 0), 0, "all gone");
}

static void test_nowhere(struct segment *r)
{
	struct usage_record rec;
	int fd = r->fd;

	fill(&rec, 1);
	ok(!ring_push(NULL, 0, &rec) && !ring_push(r, RINGS, &rec), "no ring, no row");
	ok(!ring_reserve(NULL, 0) && !ring_reserve(r, RINGS), "and no storage");
	r->fd = -1;
	ok(!ring_reserve(r, 2) && !ring_push(r, 2, &rec), "a ring without storage refuses");
	r->fd = fd;
	ok(ring_reserve(r, 2), "and gets some when there is some");
	r->fd = -1;
	ok(ring_push(r, 2, &rec), "what was reserved needs nothing more");
	r->fd = fd;
	ring_done(r, 2, 1);
}

/* --- producers that are killed ------------------------------------------------------- */

static bool produce(struct segment *r, int index, void *arg)
{
	(void)index;
	(void)arg;
	for (;;)
		push(r, 1);
	return true;
}

/*
 * Reads what was published when it began; every row must be the one of its
 * sequence. Without that bound it would not return while a producer is the
 * faster one, as under valgrind.
 */
static bool consume(struct segment *r, size_t ring, uint64_t *next)
{
	uint64_t head = ring_head_seq(r, ring);
	bool good = true;

	for (; *next <= head && ring_row(r, ring, *next); (*next)++) {
		good = has(r, ring, *next) && good;
		ring_done(r, ring, *next);
	}
	return good;
}

static void test_kills(struct segment *r)
{
	uint64_t next = 1;
	bool good = true;

	for (int i = 0; i < KILLS; i++) {
		uint64_t until = next + (uint64_t)(rand() % 4000);
		pid_t pid = fork();

		if (pid == 0)
			produce(r, 0, NULL);
		while (next < until)
			good = consume(r, 1, &next) && good;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		good = consume(r, 1, &next) && good;
	}
	ok(good, "every row that was published can be read, whole and in sequence");
	ok(next > 100 * KILLS, "%llu rows of %d killed producers", (unsigned long long)next - 1, KILLS);
	is_int((int64_t)next, (int64_t)ring_head_seq(r, 1) + 1, "up to the last one");
}

/* --- a service that ends and starts again ------------------------------------------------ */

static struct segment *test_reopen(struct segment *r)
{
	uint64_t head, tail;

	ok(push(r, 1) && push(r, 1), "two rows wait when everybody ends");
	head = ring_head_seq(r, 1);
	tail = ring_tail_seq(r, 1);
	segment_close(&r);
	r = segment_here();
	is_int((int64_t)ring_head_seq(r, 1), (int64_t)head, "the head is where it was");
	is_int((int64_t)ring_tail_seq(r, 1), (int64_t)tail, "and the tail");
	ok(push(r, 1), "a new producer");
	is_int((int64_t)ring_head_seq(r, 1), (int64_t)head + 1, "goes on with the sequence");
	tail++;
	ok(consume(r, 1, &tail), "the old rows and the new one are read");
	is_int((int64_t)tail, (int64_t)head + 2, "all three");
	return r;
}

/* --- waiting ----------------------------------------------------------------------------- */

#define WAKES 20000

static bool record(struct segment *r, int index, void *arg)
{
	uint64_t next = ring_tail_seq(r, 3) + 1;
	bool good = true;

	(void)index;
	(void)arg;
	while (next <= WAKES) {
		ring_wait_recorder(r, -1);
		good = consume(r, 3, &next) && good;
	}
	return good;
}

static bool produce_or_record(struct segment *r, int index, void *arg)
{
	if (index == 0)
		return record(r, index, arg);
	while (ring_head_seq(r, 3) < WAKES) {
		for (volatile int k = rand() % 4000; k > 0; k--)
			;               /* at any moment of falling asleep */
		push(r, 3);
		ring_wake_recorder(r);
		while (ring_depth(r, 3) > 0)    /* each row needs its wake */
			sched_yield();
	}
	return true;
}

static void test_wakes(struct segment *r)
{
	int64_t from;

	ok(crowd(2, produce_or_record, r, NULL), "no wake is lost: the recorder sleeps without a timeout");
	ring_wake_recorder(r);
	ring_wake_recorder(NULL);
	ring_wait_recorder(r, 0);
	push(r, 0);
	ring_wait_recorder(r, -1);
	ok(true, "a row that was pushed before the wait ends it");
	from = clock_monotonic();
	ring_wait_recorder(r, 50);
	ok(ring_depth(r, 0) == 1 && clock_monotonic() - from >= 49,
	   "a row that is known does not: the timeout does");
}

int main(void)
{
	struct segment *r;

	if (!fixture_begin())
		return 99;
	r = segment_here();
	test_basics(r);
	test_nowhere(r);
	fflush(stdout);
	test_kills(r);
	r = test_reopen(r);
	test_wakes(r);
	segment_close(&r);
	return fixture_end();
}
