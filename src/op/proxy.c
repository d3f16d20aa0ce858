/* op/proxy.c - which token goes along with a request to a provider. */
#include "config.h"

#include <inttypes.h>
#include <strings.h>

#include "base/clock.h"
#include "base/str.h"
#include "model/check.h"
#include "op/budget.h"
#include "op/caller.h"
#include "op/connection.h"
#include "op/proxy.h"
#include "op/refresh_rule.h"
#include "provider/reply.h"
#include "store/connection.h"
#include "store/refresh.h"

/* An access token that its owner brings alone moves the time, and no number. */
static const char *mark_of(struct arena *arena, const struct connection *c)
{
	return arena_printf(arena, "%" PRId64 ".%" PRId64 ".%" PRId64, c->connect_gen, c->tokens_gen,
			    c->connected_at);
}

/* Of RFC 6750, however the provider spells it. */
static const char *scheme_of(const struct connection *c)
{
	return strcasecmp(c->token_type, "Bearer") == 0 ? "Bearer" : c->token_type;
}

static struct budget_call call_of(const struct proxy_request *in, const struct connection *c)
{
	return (struct budget_call){ .p = in->p, .app_id = budget_app_of(c), .connection_id = c->id,
				     .reads = in->reads, .what = "proxy" };
}

/* --- a token that was refused ------------------------------------------------------------ */

/* A time that is far ahead was written under a wrong clock. */
static bool is_fresh(const struct op *op, const struct connection *c)
{
	int64_t age = op->now - c->refreshed_at;

	return refresh_gave(c) && age < PROXY_FRESH_MS && age > -PROXY_FRESH_MS;
}

static bool helps(const struct op *op, const struct provider *p, const struct connection *c)
{
	return refresh_is_possible(c, p, op->now) && !is_fresh(op, c);
}

static bool renew(struct op *op, struct scope scope, const struct provider *p,
		  const struct connection *c, struct err *err_r)
{
	if (!helps(op, p, c))
		return err_reason(err_r, ERR_FORBIDDEN, "provider_refuses", "%s refuses this request, and no newer "
				  "token would help: the user may not have granted what it needs. If all requests are "
				  "refused, connect %s again", p->title, p->title);
	if (!c->refresh_wanted) {
		if (!store_refresh_ask(op->db, scope, c->id, true, op->now, err_r))
			return false;
		op_caller_wake(op);
	}
	return connection_pending(op, p, c, err_r);
}

/* --- lend --------------------------------------------------------------------------------- */

static bool header_check(const struct provider *p, const struct tokens_lent *lent, struct err *err_r)
{
	struct err why;

	return (*lent->access_token && visible_check(lent->access_token, "access_token", &why)) ||
	       err_reason(err_r, ERR_CONFLICT, "unsendable", "The access token of %s is empty or has characters "
			  "that no header can hold: connect it again", p->title);
}

bool op_proxy_lend(struct op *op, struct scope scope, const struct proxy_request *in,
		   struct proxy_lent *out, struct err *err_r)
{
	struct budget_call call;
	struct tokens_lent lent;

	if (!op_connection_lend(op, scope, in->p, &lent, err_r))
		return false;
	out->mark = mark_of(op->arena, lent.connection);
	if (str_eq(in->refused, out->mark))
		return renew(op, scope, in->p, lent.connection, err_r);
	call = call_of(in, lent.connection);
	if (!header_check(in->p, &lent, err_r) || !op_budget_take(op, &call, NULL, err_r))
		return false;
	out->authorization = arena_printf(op->arena, "%s %s", scheme_of(lent.connection), lent.access_token);
	return true;
}

/* --- what the provider said ------------------------------------------------------------------ */

bool op_proxy_refused(struct op *op, struct scope scope, const struct proxy_request *in,
		      struct err *err_r)
{
	struct connection c;
	bool done;

	if (!store_connection_get(op->db, scope, in->p->id, op->arena, &c, err_r))
		return false;
	done = str_eq(in->refused, mark_of(op->arena, &c)) ? renew(op, scope, in->p, &c, err_r)
							     : connection_pending(op, in->p, &c, err_r);
	op->result.waits_for = NULL;   /* it is answered now */
	return done;
}

bool op_proxy_limited(struct op *op, struct scope scope, const struct proxy_request *in,
		      const char *headers, struct err *err_r)
{
	int64_t until = reply_limited_until(in->p, headers, op->now);
	struct budget_call call;
	struct connection c;
	char text[TIME_TEXT];

	if (!store_connection_get(op->db, scope, in->p->id, op->arena, &c, err_r))
		return false;
	call = call_of(in, &c);
	if (!op_budget_shut(op, &call, until, err_r))
		return false;
	time_format(until, text);
	err_reason(err_r, ERR_RATE, "provider_limited", "%s has refused more requests: try again at %s",
		   in->p->title, text);
	return err_retry(err_r, (int)((until - op->now + SECOND_MS - 1) / SECOND_MS));
}
