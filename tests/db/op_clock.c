/*
 * tests/db/op_clock.c - known time with the database of TEST_DATABASE_URL: how
 * long a clock that nothing confirms has gone on without a step outlives the
 * scheduler that saw it begin.
 */
#include "config.h"

#include "op/clock.h"
#include "segment_op.h"
#include "store/known_time.h"

static struct fixture f;
static struct err err;

/* Nothing keeps this clock right, whatever the machine of the test does. */
bool __wrap_clock_synchronised(void);
bool __wrap_clock_synchronised(void)
{
	return false;
}

/* The known time as it was two days ago, by another host. */
static void set_back(void)
{
	struct known_time t;
	bool moved = false;

	ok(store_known_time_get(f.db, f.arena, &t, &err), "the row: %s", err.message);
	if (!store_known_time_set(f.db, NULL, &(struct known_time){
		.known_at = clock_host() - 2 * DAY_MS, .host_id = "" }, t.known_at, &moved, &err) || !moved)
		bail_out("known time", &err);
}

static void test_steady(void)
{
	struct clock_watch first = { 0 }, next = { 0 };
	struct clock_rule began;

	ok(op_clock_tick(&f.op, &first, &err), "a scheduler looks: %s", err.message);
	began = first.rule;
	ok(began.trust == CLOCK_UNCONFIRMED && began.steady_since > 0, "the clock is days ahead, and steady from now");
	usleep(20000);
	ok(op_clock_tick(&f.op, &first, &err), "it looks again");
	is_int(first.rule.steady_since, began.steady_since, "steady since then");
	ok(op_clock_tick(&f.op, &next, &err), "the next scheduler looks");
	is_int(next.rule.steady_since, began.steady_since, "steady since the first one saw it");
	is_int(next.rule.steady_start, began.steady_start, "of the same clock");
	is_int(next.rule.trust, CLOCK_UNCONFIRMED, "which is not confirmed by that");
}

int main(void)
{
	segment_op_open(&f);
	set_back();
	test_steady();
	segment_op_close(&f);
	return tap_done();
}
