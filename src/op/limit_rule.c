/*
 * Which limits apply to a key and its owner: the key's override or its tier,
 * then the owner's tier above all his keys and sessions. Pure functions.
 */
#include "config.h"

#include "base/str.h"
#include "op/limit.h"
#include "op/tier.h"

#define EDGE_MS CLOCK_AGREES_MS

static const char *const key_names[WINDOW__COUNT] = {
	[WINDOW_HOUR] = "key-hour", [WINDOW_DAY] = "key-day", [WINDOW_MONTH] = "key-month",
};

bool limit_period_find(const char *name, enum window_kind *kind_r)
{
	for (int k = 0; k < WINDOW__COUNT; k++)
		if (str_eq(window_words[k], name)) {
			*kind_r = (enum window_kind)k;
			return true;
		}
	return false;
}

/* A tier that nobody knows lets nothing through. */
static int64_t tier_limit(const char *name)
{
	const struct tier *tier = tier_find(name);

	return tier ? tier->monthly_limit : 0;
}

static const char *subject(struct arena *arena, const char *kind, const char *id)
{
	struct strbuf b = { .arena = arena };

	strbuf_adds(&b, kind);
	strbuf_adds(&b, id);
	return b.s;
}

void limit_settle(struct limit_state *s, uint32_t window, int64_t now)
{
	s->window = window;
	s->reset_at = window_end(s->kind, window);
	s->reset_after = (s->reset_at - now + SECOND_MS - 1) / SECOND_MS;
	if (s->reset_after < 1)
		s->reset_after = 1;
}

/* The next window may have been begun by a clock a little ahead. Near an edge "the
 * next" is that of either side: otherwise a process before the edge and one after it
 * would throw each other's lease away. */
static void add(struct limit_outcome *out, int64_t now, struct limit_state s)
{
	limit_settle(&s, window_id(s.kind, now), now);
	s.newest = s.window + (s.reset_at - now <= EDGE_MS ? 2 : 1);
	s.remaining = INT_NONE;
	out->states[out->n++] = s;
}

void limit_rules(const struct api_key *key, const struct user *user, int64_t now,
		 struct arena *arena, struct limit_outcome *out)
{
	int64_t limit;

	*out = (struct limit_outcome){ 0 };
	if (key) {
		enum window_kind kind = WINDOW_MONTH;
		bool own = key->rate_limit_requests != INT_NONE;

		if (own && key->rate_limit_period)
			limit_period_find(key->rate_limit_period, &kind);
		limit = own ? key->rate_limit_requests : tier_limit(key->tier);
		if (limit != INT_NONE)
			add(out, now, (struct limit_state){
				.name = key_names[kind], .tier = key->tier, .kind = kind,
				.subject = subject(arena, "k", key->id), .limit = limit,
			});
	}
	limit = tier_limit(user->tier);
	if (limit != INT_NONE)
		add(out, now, (struct limit_state){
			.name = "user-month", .tier = user->tier, .kind = WINDOW_MONTH,
			.subject = subject(arena, "u", user->id), .limit = limit,
		});
}
