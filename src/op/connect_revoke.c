/* op/connect_revoke.c - connections that were ended: the provider is told, as far as it can be. */
#include "config.h"

#include "base/str.h"
#include "op/audit.h"
#include "op/connect_call.h"
#include "op/notification.h"
#include "op/provider_app.h"
#include "store/connection_call.h"
#include "store/provider_app.h"

#define RETRY_MS (30 * SECOND_MS)
#define ATTEMPTS_MOST 8             /* an hour and a half, together */

static bool find_app(struct op *op, struct connection_due *d, struct err *err_r)
{
	d->has_app = d->c.app_id != NULL;
	return !d->has_app ||
	       (store_provider_app_by_id(op->db, d->c.app_id, op->arena, &d->app, err_r) &&
		op_provider_app_secret(op, &d->app, &d->client_secret, err_r));
}

static bool client_of(struct op *op, const char *app_id, const char **out, struct err *err_r)
{
	struct provider_app app;

	*out = NULL;
	if (!app_id)
		return true;
	if (!store_provider_app_by_id(op->db, app_id, op->arena, &app, err_r))
		return false;
	*out = app.client_id;
	return true;
}

bool connection_same_grant(struct op *op, const struct connection *a, const struct connection *b,
			   bool *same_r, struct err *err_r)
{
	const char *of_a, *of_b;

	*same_r = !a->provider_user_id || !b->provider_user_id ||
		  str_eq(a->provider_user_id, b->provider_user_id);
	if (!*same_r || str_eq(a->app_id, b->app_id))
		return true;
	if (!client_of(op, a->app_id, &of_a, err_r) || !client_of(op, b->app_id, &of_b, err_r))
		return false;
	*same_r = !of_a || !of_b || str_eq(of_a, of_b);
	return true;
}

/* Where a revocation ends all that the user has granted, it would end what he has connected
 * since. */
static bool look_for_heir(struct op *op, const struct provider *p, struct connection_due *d,
			  struct err *err_r)
{
	struct connection heir;

	d->keep = false;
	if (d->c.ended_at == TIME_NONE || str_eq(p->revoke_kills, "token"))
		return true;
	if (store_connection_of_user(op->db, &d->c, op->arena, &heir, err_r)) {
		if (!connection_same_grant(op, &d->c, &heir, &d->keep, err_r))
			return false;
	} else if (err_r->kind != ERR_NOT_FOUND) {
		return false;
	}
	if (d->keep || !d->c.app_id || !d->c.provider_user_id)
		return true;
	d->keep = store_connection_by_account(op->db, &d->c, d->c.provider_user_id, op->arena, &heir, err_r);
	return d->keep || err_r->kind == ERR_NOT_FOUND;
}

bool op_connection_due_claim(struct op *op, const char *id, int64_t refresh_gen,
			     const struct provider *p, struct connection_due *out,
			     struct err *err_r)
{
	struct connection_claim claim;

	*out = (struct connection_due){ .c.id = id };
	if (!store_connection_claim(op->db, id, refresh_gen, op->arena, &claim, err_r) ||
	    !store_connection_by_id(op->db, id, op->arena, &out->c, err_r))
		return false;
	return op_connection_open(op, &out->c, &out->tokens, err_r) && find_app(op, out, err_r) &&
	       look_for_heir(op, p, out, err_r);
}

bool op_connection_revoked(struct op *op, const struct provider *p, const struct connection *c,
			   bool revoked, const char *why, struct err *err_r)
{
	const char *message = revoked
		? arena_printf(op->arena, "%s was disconnected, and what you had allowed was ended there.", p->title)
		: arena_printf(op->arena, "%s was disconnected here; there it may still be allowed: %s.", p->title,
			       why);
	const struct notification told = notification_prepare(op, c->user_id, c->tenant_id, c->provider, revoked,
							      message);
	/* of what was replaced, or never became a connection, he was told then */
	bool tells = str_eq(c->reason, ENDED_DISCONNECTED);
	const struct connection_end end = { .pending = c, .drop = true, .told = tells ? &told : NULL };
	struct audit_event event = op_audit_of(op, AUDIT_DISCONNECT_TOLD, c->id, &connection_schema, c);

	event.user_id = c->user_id;
	event.tenant_id = c->tenant_id;
	return store_connection_settle(op->db, &event, &end, err_r);
}

bool op_connection_unrevoked(struct op *op, const struct provider *p, const struct connection *c,
			     const char *reason, struct err *err_r)
{
	if (c->attempts + 1 < ATTEMPTS_MOST)
		return store_connection_retry(op->db, c, reason, op->now + (RETRY_MS << c->attempts), op->now,
					      err_r);
	return op_connection_revoked(op, p, c, false, "it could not be reached, so end it there by hand", err_r);
}
