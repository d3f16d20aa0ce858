/*
 * shm/calls.c - rows of counted calls. In a reload two callers count at once. One that is
 * killed while it makes a row leaves that row unused.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "shm/calls.h"

const char *const call_results[CALLED__COUNT] = {
	[CALLED_OK] = "ok", [CALLED_REFUSED] = "refused", [CALLED_LIMITED] = "limited",
	[CALLED_FAILED] = "failed", [CALLED_TIMEOUT] = "timeout",
};
const int64_t call_bounds_ms[CALL_BUCKETS] = { 50, 100, 250, 500, 1000, 2500, 5000, 10000 };

static bool is_it(const struct call_row *r, const char *provider, const char *kind)
{
	return atomic_load(&r->state) == CALL_ROW_OPEN &&
	       strncmp(r->provider, provider, CALL_WORD - 1) == 0 &&
	       strncmp(r->kind, kind, CALL_WORD - 1) == 0;
}

static bool claim(struct call_row *r, const char *provider, const char *kind)
{
	int was = CALL_ROW_FREE;

	if (!atomic_compare_exchange_strong(&r->state, &was, CALL_ROW_FILLING))
		return false;
	str_copy(r->provider, CALL_WORD, provider);
	str_copy(r->kind, CALL_WORD, kind);
	atomic_store(&r->state, CALL_ROW_OPEN);
	return true;
}

static struct call_row *row_of(struct calls *c, const char *provider, const char *kind)
{
	for (size_t i = 0; i < CALL_ROWS; i++)
		if (is_it(&c->rows[i], provider, kind) || claim(&c->rows[i], provider, kind))
			return &c->rows[i];
	claim(&c->rows[CALL_ROWS], "other", "other");
	return &c->rows[CALL_ROWS];
}

void calls_add(struct calls *c, const char *provider, const char *kind, enum call_result result,
	       int64_t ms)
{
	struct call_row *r = row_of(c, provider, kind);
	int64_t spent = ms < 0 ? 0 : ms;
	size_t i = 0;

	while (i < CALL_BUCKETS && spent > call_bounds_ms[i])
		i++;
	atomic_fetch_add(&r->by_result[result], 1);
	atomic_fetch_add(&r->buckets[i], 1);
	atomic_fetch_add(&r->sum_ms, (uint64_t)spent);
}
