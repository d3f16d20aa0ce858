/* worker/held.c - which requests wait for the refresh of a connection to a provider. */
#include "config.h"

#include "base/clock.h"
#include "worker/worker_private.h"

void held_remove(struct held *h, const struct fcgi *f)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->of[i].fcgi == f) {
			h->of[i] = h->of[--h->n];
			return;
		}
}

static size_t count_of(const struct held *h, const char *waits_for)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n; i++)
		n += str_eq(h->of[i].waits_for, waits_for);
	return n;
}

uint64_t held_recorded(const struct held *h, const struct fcgi *f)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->of[i].fcgi == f)
			return h->of[i].recorded;
	return 0;
}

bool held_add(struct held *h, const struct fcgi *f, const char *waits_for, int64_t since_us,
	      uint64_t recorded)
{
	held_remove(h, f);
	if (h->n == HELD_MOST || count_of(h, waits_for) >= HELD_MOST_OF ||
	    clock_monotonic_us() - since_us >= HELD_MS * 1000)
		return false;
	h->of[h->n].fcgi = f;
	h->of[h->n].recorded = recorded;
	str_copy(h->of[h->n].waits_for, UUID_TEXT, waits_for);
	h->n++;
	return true;
}

struct strings held_awaited(const struct held *h, struct arena *arena)
{
	const char **ids = arena_alloc(arena, h->n * sizeof(*ids));

	for (size_t i = 0; i < h->n; i++)
		ids[i] = h->of[i].waits_for;
	return (struct strings){ ids, h->n };
}

void held_judge(struct held *h, struct strings still)
{
	for (size_t i = 0; i < h->n; i++)
		h->of[i].waits = strings_have(still, h->of[i].waits_for);
}

bool held_waits(const struct held *h, const struct fcgi *f)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->of[i].fcgi == f)
			return h->of[i].waits;
	return false;
}
