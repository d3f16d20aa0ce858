/*
 * Which limits apply: overrides, tiers, the user's ceiling, and their windows.
 */
#include "config.h"

#include <string.h>

#include "base/arena.h"
#include "op/key.h"
#include "op/limit.h"
#include "tap.h"

#define NOW INT64_C(1893501000000)         /* 2030-01-01T12:30:00Z */
#define HOUR_END INT64_C(1893502800000)
#define DAY_END INT64_C(1893542400000)
#define WEEK_END INT64_C(1893974400000)    /* Monday, 2030-01-07 */
#define MONTH_END INT64_C(1896134400000)   /* 2030-02-01 */
#define ID "11111111-2222-4333-8444-555555555555"

static struct arena *arena;

static struct limit_outcome rules(const char *key_tier, int64_t own, const char *period,
				  const char *user_tier)
{
	const struct api_key key = {
		.id = ID, .tier = key_tier, .rate_limit_requests = own,
		.rate_limit_period = period,
	};
	const struct user user = { .id = ID, .tier = user_tier };
	const struct credential c = key_tier ? key_credential(&key, &user)
		: (struct credential){ .kind = &credential_session, .owner = &user,
				       .tenant.requests = INT_NONE };
	struct limit_outcome out;

	limit_rules(&c, NOW, arena, &out);
	return out;
}

static void is_limit(const struct limit_state *s, const char *name, int64_t limit,
		     const char *tier, int64_t reset_at)
{
	is_str(s->name, name, "name");
	is_int(s->limit, limit, "limit");
	is_str(s->tier, tier, "tier");
	is_str(s->of, name[0] == 'k' ? "API key" : "account", "of what");
	is_int(s->reset_at, reset_at, "end of the window");
	is_int(window_end(s->kind, s->window), reset_at, "of this window");
	is_int(s->remaining, INT_NONE, "nothing was asked yet");
	ok(s->subject[0] == name[0] && strcmp(s->subject + 1, ID) == 0, "subject");
}

/* Sc 21, 29. */
static void tiers_of_keys(void)
{
	static const struct { const char *tier; int64_t limit; } rows[] = {
		{ "trial", 1000 }, { "starter", 10000 }, { "professional", 100000 },
	};
	struct limit_outcome out;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		out = rules(rows[i].tier, INT_NONE, NULL, "enterprise");
		is_int((int64_t)out.n, 1, rows[i].tier);
		is_limit(&out.states[0], "key-month", rows[i].limit, rows[i].tier, MONTH_END);
	}
	out = rules("enterprise", INT_NONE, NULL, "enterprise");
	is_int((int64_t)out.n, 0, "enterprise: none");
	ok(!out.refused && !out.tightest, "and none is the tightest");
	out = rules("gold", INT_NONE, NULL, "enterprise");
	is_limit(&out.states[0], "key-month", 0, "gold", MONTH_END);
}

static void overrides(void)
{
	static const struct { const char *period, *name; int64_t end; } rows[] = {
		{ "hour", "key-hour", HOUR_END }, { "day", "key-day", DAY_END },
		{ "week", "key-week", WEEK_END }, { "month", "key-month", MONTH_END }, { NULL, "key-month", MONTH_END },
	};
	struct limit_outcome out;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		out = rules("trial", 50000, rows[i].period, "starter");
		is_int((int64_t)out.n, 2, "instead of the tier's, under the user's");
		is_limit(&out.states[0], rows[i].name, 50000, "trial", rows[i].end);
		is_limit(&out.states[1], "user-month", 10000, "starter", MONTH_END);
	}
	out = rules("enterprise", 5, "hour", "enterprise");
	is_limit(&out.states[0], "key-hour", 5, "enterprise", HOUR_END);
}

/* Sc 31. */
static void sessions(void)
{
	struct limit_outcome out = rules(NULL, INT_NONE, NULL, "professional");

	is_int((int64_t)out.n, 1, "a session: only its user's");
	is_limit(&out.states[0], "user-month", 100000, "professional", MONTH_END);
	out = rules(NULL, INT_NONE, NULL, "enterprise");
	is_int((int64_t)out.n, 0, "an unlimited user: none");
}

/* The tenant's ceiling stands above key and user, at the place of its window. */
static void tenants(void)
{
	static const struct { const char *period, *names[3]; } rows[] = {
		{ "hour", { "tenant-hour", "key-day", "user-month" } },
		{ "day", { "key-day", "tenant-day", "user-month" } },
		{ "week", { "key-day", "tenant-week", "user-month" } },
		{ "month", { "key-day", "user-month", "tenant-month" } },
		{ NULL, { "key-day", "user-month", "tenant-month" } },
	};
	const struct api_key key = {
		.id = ID, .user_id = ID, .tier = "trial", .rate_limit_requests = 5,
		.rate_limit_period = "day",
	};
	const struct user user = { .id = ID, .tier = "starter" };
	struct credential c = key_credential(&key, &user);
	struct limit_outcome out;

	c.tenant.requests = 7;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		c.tenant.window = window_named(rows[i].period);
		limit_rules(&c, NOW, arena, &out);
		is_int((int64_t)out.n, 3, "three limits");
		for (size_t k = 0; k < 3; k++)
			is_str(out.states[k].name, rows[i].names[k], "narrowest first");
	}
	ok(out.states[2].limit == 7 && str_eq(out.states[2].subject, "t" ID) &&
	   str_eq(out.states[2].of, "tenant"), "the ceiling of the tenant");
	ok(!out.states[0].observe && !out.states[1].observe && !out.states[2].observe, "they refuse");
	c.tenant.observe = true;
	limit_rules(&c, NOW, arena, &out);
	ok(out.states[0].observe && out.states[1].observe && out.states[2].observe,
	   "or all of them only observe");
	c.tenant.observe = false;
	c.quota.observe = true;
	limit_rules(&c, NOW, arena, &out);
	ok(out.states[0].observe && !out.states[1].observe, "or the key's alone");
	c.quota.id = "22222222-2222-4333-8444-555555555555";
	limit_rules(&c, NOW, arena, &out);
	is_str(out.states[0].subject, "k22222222-2222-4333-8444-555555555555",
	       "a key that replaces one draws on its quota");
}

static void periods(void)
{
	for (int k = 0; k < WINDOW__COUNT; k++)
		is_int(window_named(window_words[k]), k, window_words[k]);
	ok(window_named("quarter") == WINDOW_MONTH && window_named(NULL) == WINDOW_MONTH &&
	   window_named("") == WINDOW_MONTH, "all else is the month");
}

/* The words of the document are the rows of the rules. */
static void words(void)
{
	size_t n = 0;

	for (; tiers[n].name && tier_words[n]; n++)
		is_str(tier_words[n], tiers[n].name, "a tier's word");
	ok(n > 0 && !tiers[n].name && !tier_words[n], "all %zu", n);
}

int main(void)
{
	arena = arena_new();
	tiers_of_keys();
	overrides();
	sessions();
	tenants();
	periods();
	words();
	arena_free(&arena);
	return tap_done();
}
