/* op/refresh_ask.c - a request that needs tokens. */
#include "config.h"

#include "op/caller.h"
#include "op/refresh_ask.h"
#include "op/refresh_rule.h"
#include "store/refresh.h"

#define USED_AGAIN_MS (3600 * SECOND_MS)

void op_refresh_ask(struct op *op, struct scope scope, const struct provider *p,
		    const struct connection *c)
{
	int64_t begins = refresh_begins(p, c);
	bool wanted = !c->refresh_wanted && begins != TIME_NONE && begins <= op->now &&
		      refresh_is_possible(c, p, op->now);
	bool used = c->last_used_at == TIME_NONE || c->last_used_at < op->now - USED_AGAIN_MS;
	struct err err;

	if ((wanted || used) && store_refresh_ask(op->db, scope, c->id, wanted, op->now, &err) && wanted)
		op_caller_wake(op);
}
