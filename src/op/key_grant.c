/* key_grant.c - who may grant what to a key. */
#include "config.h"

#include "base/cidr.h"
#include "base/str.h"
#include "model/tenant_role.h"
#include "op/key_grant.h"

bool key_place_check(const struct key_owner *owner, bool by_admin, struct err *err_r)
{
	return (tenant_role_may(owner->role) & (by_admin ? TENANT_READ : TENANT_WRITE_DATA)) != 0 ||
	       err_reason(err_r, ERR_FORBIDDEN, "role",
			  "Your role in this tenant does not let you make or change API keys");
}

/* --- what a new key may have ------------------------------------------------ */

static bool tier_allowed(const struct key_grant *g, const struct tier *tier,
			 struct err *err_r)
{
	const struct tier *most = g->by_admin ? NULL : tier_find(g->owner->tier);

	if (g->by_admin || (most && tier->rank <= most->rank))
		return true;
	return err_field(err_r, ERR_FORBIDDEN, "tier",
			 "The tier %s is above that of the account", tier->name);
}

bool key_grant_limit(int64_t requests, const struct tier *tier, struct err *err_r)
{
	bool bounded = tier && tier->monthly_limit != INT_NONE;
	int64_t most = bounded ? tier->monthly_limit : KEY_LIMIT_MAX;

	if (requests == INT_NONE || (requests >= 1 && requests <= most))
		return true;
	return err_field(err_r, ERR_RANGE, "rate_limit_requests",
			 "rate_limit_requests must be 1 to %lld%s%s", (long long)most,
			 bounded ? " for the tier " : "", bounded ? tier->name : "");
}

/* An owner's limit counts by the month: a window that is written down is an
 * administrator's. */
static bool limit_allowed(const struct key_grant *g, const struct tier *tier,
			  struct err *err_r)
{
	if (g->by_admin || !g->want->rate_limit_period)
		return key_grant_limit(g->want->rate_limit_requests,
				       g->by_admin ? NULL : tier, err_r);
	return err_field(err_r, ERR_FORBIDDEN, "rate_limit_period",
			 "Only an administrator sets the window of a limit");
}

static bool end_allowed(const struct key_grant *g, const struct tier *tier,
			struct err *err_r)
{
	int64_t end = g->want->expires_at;

	if (end == TIME_NONE && tier->default_days != INT_NONE)
		return err_field(err_r, ERR_RANGE, "expires_at",
				 "A key of the tier %s has an end, at most %d days from now",
				 tier->name, KEY_DAYS_MAX);
	if (end != TIME_NONE && end - g->now > KEY_DAYS_MAX * DAY_MS)
		return err_field(err_r, ERR_RANGE, "expires_at",
				 "expires_at must be at most %d days from now", KEY_DAYS_MAX);
	return true;
}

/* --- what its owner may add to one that exists ------------------------------ */

static bool end_is_later(const struct api_key *was, const struct api_key *want)
{
	if (was->expires_at == TIME_NONE)
		return false;
	return want->expires_at == TIME_NONE || want->expires_at > was->expires_at;
}

static bool scopes_are_more(const struct api_key *was, const struct api_key *want)
{
	return !strings_within(want->scopes, was->scopes);
}

static bool networks_are_more(const struct api_key *was, const struct api_key *want)
{
	if (was->allowed_cidrs.n == 0)
		return false;
	return want->allowed_cidrs.n == 0 || !cidrs_within(want->allowed_cidrs, was->allowed_cidrs);
}

/* With a later end the whole key lasts longer: could its owner make such a key now? */
static bool later_allowed(const struct key_grant *g, const struct tier *tier,
			  struct err *err_r)
{
	struct err why;

	if (g->owner->replacing > 0)   /* both would work on, and count as one */
		return err_field(err_r, ERR_FORBIDDEN, "expires_at",
				 "The key was replaced; use the key that replaced it");
	if (!tier_allowed(g, tier, &why) || !limit_allowed(g, tier, &why))
		return err_field(err_r, ERR_FORBIDDEN, "expires_at",
				 "You may not give a new key the tier and limit of this one; "
				 "you may set an earlier end, not a later one");
	return end_allowed(g, tier, err_r);
}

/* Scopes and networks bound only what the key itself opens. */
static bool anything(const struct key_grant *g, const struct tier *tier,
		       struct err *err_r)
{
	(void)g;
	(void)tier;
	(void)err_r;
	return true;
}

static const struct part {
	const char *field;
	bool (*is_more)(const struct api_key *was, const struct api_key *want);
	bool (*allowed)(const struct key_grant *g, const struct tier *tier, struct err *err_r);
	const char *sentence;   /* when an administrator granted the key */
} parts[] = {
	{ "expires_at", end_is_later, later_allowed,
	  "An administrator set the end of this key; you may set an earlier one, not a later one" },
	{ "scopes", scopes_are_more, anything,
	  "An administrator set the scopes of this key; you may take some away, not add any" },
	{ "allowed_cidrs", networks_are_more, anything,
	  "An administrator set the networks of this key; you may make them narrower, not wider" },
};

static bool may_add(const struct key_grant *g, const struct part *part,
		    const struct tier *tier, struct err *err_r)
{
	const struct api_key *was = g->was;

	if (was->expires_at != TIME_NONE && was->expires_at <= g->now)
		return err_field(err_r, ERR_FORBIDDEN, part->field,
				 "The key has expired and stays so; make a new one");
	if (!str_eq(was->granted_by, GRANTED_BY_OWNER))
		return err_field(err_r, ERR_FORBIDDEN, part->field, "%s", part->sentence);
	return part->allowed(g, tier, err_r);
}

static bool change_allowed(const struct key_grant *g, const struct tier *tier,
			   struct err *err_r)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].is_more(g->was, g->want) &&
		    !may_add(g, &parts[i], tier, err_r))
			return false;
	return true;
}

bool key_grant_check(const struct key_grant *g, struct err *err_r)
{
	const struct tier *tier = tier_find(g->want->tier);

	if (!tier)
		return err_set(err_r, ERR_INTERNAL, "The key has an unknown tier");
	if (g->was)
		return change_allowed(g, tier, err_r);
	return tier_allowed(g, tier, err_r) && limit_allowed(g, tier, err_r) &&
		end_allowed(g, tier, err_r);
}
