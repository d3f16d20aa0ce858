/*
 * op/clock_rule.c - when is a clock believed? No clock is read here.
 */
#include "config.h"

#include <stdlib.h>

#include "op/clock_rule.h"

static bool is_near(int64_t a, int64_t b)
{
	return llabs(a - b) <= CLOCK_STEP_MS;
}

void clock_judge(struct clock_rule *r, int64_t start, int64_t uptime, bool synchronised)
{
	if (synchronised || is_near(start, r->start)) {
		*r = (struct clock_rule){ .start = start, .trust = CLOCK_CONFIRMED };
		return;
	}
	if (r->steady_since == 0 || !is_near(start, r->steady_start)) {
		r->steady_start = start;
		r->steady_since = uptime;
	}
	r->trust = uptime - r->steady_since >= CLOCK_STEADY_MS ? CLOCK_STEADY : CLOCK_UNCONFIRMED;
}

bool clock_known(const struct clock_rule *r, enum clock_trust least, int64_t uptime,
		 int64_t *now_r)
{
	*now_r = (r->trust == CLOCK_CONFIRMED ? r->start : r->steady_start) + uptime;
	return r->trust >= least;
}
