/*
 * op/tier.h - tiers of users and keys: how much each may.
 */
#ifndef PIERRE_OP_TIER_H
#define PIERRE_OP_TIER_H

#include "base/field.h"

/* A tier is a row: R28. */
struct tier {
	const char *name;
	int rank;                      /* no user gives a key one above the user's own */
	int64_t monthly_limit;         /* INT_NONE = unlimited */
	int64_t default_days;          /* INT_NONE = does not expire */
	const char *sentence;
};
extern const struct tier tiers[];  /* ends with name NULL */
const struct tier *tier_find(const char *name);

#endif
