/*
 * worker/caller_connect.c - what the caller finds to do for connections: codes are redeemed,
 * it is asked whose tokens are, and what was ended is revoked. Rules: op/connect_call.h.
 */
#include "config.h"

#include <stdlib.h>

#include "base/log.h"
#include "worker/caller_errand.h"

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

static void found(struct caller *c, struct caller_task *t)
{
	struct finding *f = t->arg;
	const struct connect_state *codes = f->due.codes.items;
	const struct connection *rows = f->due.connections.items;

	looking = false;
	if (!t->good)
		log_warn("calls_not_read", LOG_S("error", t->err.message));
	for (size_t i = 0; t->good && i < f->due.codes.n && errand_may_begin(); i++)
		errand_begin(c, &errand_redeem, codes[i].id, 0, codes[i].provider);
	for (size_t i = 0; t->good && i < f->due.connections.n && errand_may_begin(); i++)
		errand_begin(c, rows[i].ended_at == TIME_NONE ? &errand_identify : &errand_revoke, rows[i].id,
			     rows[i].refresh_gen, rows[i].provider);
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
