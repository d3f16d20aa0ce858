/*
 * Which limits apply to a credential: its own or its tier's, when it is counted by
 * itself; that of its owner's tier; the ceiling of its tenant. Pure functions.
 */
#include "config.h"

#include "base/str.h"
#include "op/limit.h"
#include "op/tier.h"

#define EDGE_MS CLOCK_AGREES_MS

/* An unknown tier lets nothing through. */
static int64_t tier_limit(const char *name)
{
	const struct tier *tier = tier_find(name);

	return tier ? tier->monthly_limit : 0;
}

static const char *subject(struct arena *arena, char letter, const char *id)
{
	struct strbuf b = { .arena = arena };

	strbuf_add(&b, &letter, 1);
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
	size_t at;

	limit_settle(&s, window_id(s.kind, now), now);
	s.newest = s.window + (s.reset_at - now <= EDGE_MS ? 2 : 1);
	s.remaining = INT_NONE;
	for (at = out->n++; at > 0 && out->states[at - 1].kind > s.kind; at--)
		out->states[at] = out->states[at - 1];
	out->states[at] = s;
}

/* Also where the number is no window. */
static enum window_kind kind_of(int64_t window)
{
	return window >= 0 && window < WINDOW__COUNT ? (enum window_kind)window : WINDOW_MONTH;
}

static void add_own(struct limit_outcome *out, const struct credential *c, int64_t now,
		    struct arena *arena)
{
	enum window_kind kind = WINDOW_MONTH;
	int64_t limit = c->quota.requests;

	if (limit == INT_NONE)
		limit = tier_limit(c->tier);
	else
		kind = kind_of(c->quota.window);
	if (limit != INT_NONE)
		add(out, now, (struct limit_state){
			.name = c->kind->limits[kind], .of = c->kind->title, .tier = c->tier,
			.kind = kind, .limit = limit,
			.subject = subject(arena, c->kind->letter,
					   c->quota.id ? c->quota.id : c->key_id),
			.observe = c->quota.observe || c->tenant.observe,
		});
}

static void add_owner(struct limit_outcome *out, const struct credential *c, int64_t now,
		      struct arena *arena)
{
	const struct user *owner = c->owner;
	int64_t limit = tier_limit(owner->tier);

	if (limit != INT_NONE)
		add(out, now, (struct limit_state){
			.name = "user-month", .of = "account", .tier = owner->tier,
			.kind = WINDOW_MONTH, .subject = subject(arena, 'u', owner->id),
			.limit = limit, .observe = c->tenant.observe,
		});
}

static const char *const tenant_limits[WINDOW__COUNT] = {
	[WINDOW_HOUR] = "tenant-hour", [WINDOW_DAY] = "tenant-day",
	[WINDOW_WEEK] = "tenant-week", [WINDOW_MONTH] = "tenant-month",
};

static void add_tenant(struct limit_outcome *out, const struct credential *c, int64_t now,
		       struct arena *arena)
{
	enum window_kind kind;

	if (c->tenant.requests == INT_NONE)
		return;
	kind = kind_of(c->tenant.window);
	add(out, now, (struct limit_state){
		.name = tenant_limits[kind], .of = "tenant", .tier = c->tier, .kind = kind,
		.subject = subject(arena, 't', c->tenant_id), .limit = c->tenant.requests,
		.observe = c->tenant.observe,
	});
}

void limit_rules(const struct credential *c, int64_t now, struct arena *arena,
		 struct limit_outcome *out)
{
	*out = (struct limit_outcome){ 0 };
	if (c->key_id)
		add_own(out, c, now, arena);
	add_owner(out, c, now, arena);
	add_tenant(out, c, now, arena);
}
