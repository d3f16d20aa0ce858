/*
 * When is a clock believed: steps, a day of steady running, what makes it right.
 */
#include "config.h"

#include "op/clock_rule.h"
#include "tap.h"

#define START INT64_C(1893456000000)
#define YEARS (3650 * DAY_MS)
#define UP MONOTONIC_START          /* clock_uptime() of a machine just started */
#define MINUTE (60 * SECOND_MS)

static struct clock_rule known(void)
{
	return (struct clock_rule){ .start = START };
}

static enum clock_trust trust(struct clock_rule *r, int64_t start, int64_t uptime)
{
	clock_judge(r, start, uptime, false);
	return r->trust;
}

static void steps(void)
{
	struct clock_rule r = known();
	int64_t now;

	ok(trust(&r, START, UP) == CLOCK_CONFIRMED, "the known time");
	ok(trust(&r, START + 10 * MINUTE, UP) == CLOCK_CONFIRMED, "ten minutes ahead");
	is_int(r.start, START + 10 * MINUTE, "it is what is known then");
	ok(trust(&r, START, UP) == CLOCK_CONFIRMED, "ten minutes behind");
	ok(clock_known(&r, CLOCK_CONFIRMED, UP + 5, &now), "it may drop months");
	is_int(now, START + UP + 5, "of that moment, carried on");
	ok(trust(&r, START + 10 * MINUTE + 1, UP) == CLOCK_UNCONFIRMED, "further ahead");
	is_int(r.start, START, "it is not what is known");
	ok(!clock_known(&r, CLOCK_STEADY, UP, &now), "it deletes nothing");
	ok(trust(&r, START - 10 * MINUTE - 1, UP) == CLOCK_UNCONFIRMED, "behind");
	ok(trust(&r, START, UP) == CLOCK_CONFIRMED, "right again");
	is_int(r.steady_since, 0, "nothing is remembered of it");
}

static void steady(void)
{
	struct clock_rule r = known();
	int64_t now;

	ok(trust(&r, START + YEARS, UP) == CLOCK_UNCONFIRMED, "ten years ahead");
	ok(trust(&r, START + YEARS + 9 * MINUTE, UP + DAY_MS - 1) == CLOCK_UNCONFIRMED, "for nearly a day");
	ok(trust(&r, START + YEARS, UP + DAY_MS) == CLOCK_STEADY, "for a day, kept right little by little");
	ok(clock_known(&r, CLOCK_STEADY, UP + DAY_MS, &now), "it may sweep sessions");
	is_int(now, START + YEARS + UP + DAY_MS, "of its own moment");
	ok(!clock_known(&r, CLOCK_CONFIRMED, UP + DAY_MS, &now), "and drops no month");
	ok(trust(&r, START + YEARS, UP + 400 * DAY_MS) == CLOCK_STEADY, "however long it goes on");
	ok(trust(&r, START + 2 * YEARS, UP + 400 * DAY_MS) == CLOCK_UNCONFIRMED, "a step: from the start");
	ok(trust(&r, START, UP + 400 * DAY_MS) == CLOCK_CONFIRMED, "right again");
	ok(trust(&r, START + YEARS, UP + 401 * DAY_MS) == CLOCK_UNCONFIRMED, "nothing is left of the first day");
}

static void synchronised(void)
{
	struct clock_rule r = known();

	clock_judge(&r, START + YEARS, UP, true);
	ok(r.trust == CLOCK_CONFIRMED, "ten years ahead and synchronised: right");
	is_int(r.start, START + YEARS, "it is what is known then");
	ok(trust(&r, START + YEARS, UP) == CLOCK_CONFIRMED, "also when nothing synchronises it any more");
	ok(trust(&r, START, UP) == CLOCK_UNCONFIRMED, "and a step back is none");
	r = (struct clock_rule){ 0 };
	ok(!clock_known(&r, CLOCK_STEADY, UP, &(int64_t){ 0 }), "before the first reading: nothing");
}

int main(void)
{
	steps();
	steady();
	synchronised();
	return tap_done();
}
