/*
 * worker/caller_connect.c - what the caller finds to do for connections: codes are redeemed,
 * it is asked whose tokens are, and what was ended is revoked. Rules: op/connect_call.h.
 */
#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "worker/caller_errand.h"

#define UNKNOWN_MS DAY_MS                    /* so long a host that knows the provider may come */
#define UNKNOWN_AGAIN_MS (600 * SECOND_MS)   /* between lines of the log */

struct finding {
	struct caller_task task;
	struct arena *arena;
	struct calls_due due;
};

static bool looking;

static bool find_work(struct op *op, struct caller_task *t, struct err *err_r)
{
	struct finding *f = t->arg;
	struct op own = *op;

	own.arena = f->arena;
	return op_calls_due(&own, &f->due, err_r);
}

static void tell_unknown(const char *provider)
{
	static int64_t due;
	int64_t now = clock_monotonic();

	if (now < due)
		return;
	due = now + UNKNOWN_AGAIN_MS;
	log_warn("provider_not_known", LOG_S("provider", provider),
		 LOG_S("next", "what is to be called there waits; has another host another PROVIDERS_FILE?"));
}

/* Of a provider that is not in this process's file nothing is claimed: another host may have
 * it, and to call without its row would lose what is claimed. After a day what was ended goes,
 * as its application could never be removed else. */
static void begin(struct caller *c, const struct errand_kind *kind, const struct connection *row)
{
	int64_t now = clock_now();
	struct provider p;
	struct err err;

	if (!errand_may_begin(kind, row->provider))
		errands_more(caller_connect_look);
	else if (provider_get(caller_providers(c), row->provider, now, &p, &err))
		errand_begin(c, kind, row->id, row->refresh_gen, &p);
	else if (row->ended_at != TIME_NONE && row->ended_at < now - UNKNOWN_MS)
		errand_begin(c, kind, row->id, row->refresh_gen,
			     &(struct provider){ .id = row->provider, .title = row->provider });
	else
		tell_unknown(row->provider);
}

static void begin_code(struct caller *c, const struct connect_state *s)
{
	begin(c, &errand_redeem, &(struct connection){ .id = s->id, .provider = s->provider,
						       .ended_at = TIME_NONE });
}

static void found(struct caller *c, struct caller_task *t)
{
	struct finding *f = t->arg;
	const struct connect_state *codes = f->due.codes.items;
	const struct connection *rows = f->due.connections.items;

	looking = false;
	if (!t->good)
		log_warn("calls_not_read", LOG_S("error", t->err.message));
	for (size_t i = 0; t->good && i < f->due.codes.n; i++)
		begin_code(c, &codes[i]);
	for (size_t i = 0; t->good && i < f->due.connections.n; i++)
		begin(c, rows[i].ended_at == TIME_NONE ? &errand_identify : &errand_revoke, &rows[i]);
	arena_free(&f->arena);
	free(f);
}

void caller_connect_look(struct caller *c)
{
	struct finding *f;

	errands_apply();
	if (looking || caller_stops(c))
		return;
	f = calloc(1, sizeof(*f));
	if (!f)
		abort();
	f->arena = arena_new();
	f->task = (struct caller_task){ .work = find_work, .done = found, .arg = f };
	looking = true;
	caller_do(c, &f->task);
}
