/*
 * Tiers (R28), lowest first. A new tier is a row here, a word in
 * src/model/user.c and in the CHECKs of the schema.
 */
#include "config.h"

#include "base/str.h"
#include "op/tier.h"

const struct tier tiers[] = {
	{ .name = "trial", .rank = 0, .monthly_limit = 1000, .default_days = 14,
	  .sentence = "1,000 requests a month, for 14 days; keys start with pk_trial_" },
	{ .name = "starter", .rank = 1, .monthly_limit = 10000, .default_days = INT_NONE,
	  .sentence = "10,000 requests a month" },
	{ .name = "professional", .rank = 2, .monthly_limit = 100000, .default_days = INT_NONE,
	  .sentence = "100,000 requests a month" },
	{ .name = "enterprise", .rank = 3, .monthly_limit = INT_NONE, .default_days = INT_NONE,
	  .sentence = "No limit" },
	{ 0 },
};

const struct tier *tier_find(const char *name)
{
	for (const struct tier *t = tiers; t->name; t++)
		if (str_eq(t->name, name))
			return t;
	return NULL;
}
