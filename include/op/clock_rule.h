/*
 * op/clock_rule.h - when is a clock believed? Pure.
 *
 * A clock is judged by its start: what it says less how long the machine has run
 * (clock_uptime), which stays the same while nothing sets the clock. A clock whose
 * start is within 10 minutes of the known one is confirmed, and moves it: so is each
 * clock that is kept right little by little. One that is further ahead or behind, in
 * one step, is unconfirmed, until something keeps it synchronised or an
 * administrator confirms it.
 */
#ifndef PIERRE_OP_CLOCK_RULE_H
#define PIERRE_OP_CLOCK_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define CLOCK_STEP_MS (600 * SECOND_MS)   /* a step no longer than this is believed */
#define CLOCK_STEADY_MS DAY_MS

/* What may be done by this clock. */
enum clock_trust {
	CLOCK_UNCONFIRMED,   /* nothing that cannot be undone */
	CLOCK_STEADY,        /* it went on for a day without a step: all but dropping months */
	CLOCK_CONFIRMED,
};

struct clock_rule {
	int64_t start;                     /* of the clock that was last believed */
	int64_t steady_start;              /* of an unconfirmed one */
	int64_t steady_since;              /* when that began, by clock_uptime(); 0 = it is not */
	enum clock_trust trust;
};

/* The clock said `start` when the machine had run for `uptime`. */
void clock_judge(struct clock_rule *r, int64_t start, int64_t uptime, bool synchronised);
/* The moment to delete by, when the clock is good enough for it. */
bool clock_known(const struct clock_rule *r, enum clock_trust least, int64_t uptime,
		 int64_t *now_r);

#endif
