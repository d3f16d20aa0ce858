/* op/connect_call.c - codes are redeemed. */
#include "config.h"

#include "base/str.h"
#include "op/audit.h"
#include "op/connect.h"
#include "op/connect_call.h"
#include "op/connect_seal.h"
#include "op/notification.h"
#include "op/provider_app.h"
#include "op/vault.h"
#include "store/connect.h"
#include "store/connection_call.h"
#include "store/provider_app.h"

#define CODES_MOST 16
#define CONNECTIONS_MOST 32

bool op_calls_due(struct op *op, struct calls_due *out, struct err *err_r)
{
	return store_connect_lose(op->db, OUTCOME_LOST, "Pierre was stopped while it connected. Look at your "
				  "connections in a minute, and connect again if it is not there", op->now,
				  err_r) &&
	       store_connect_waiting(op->db, CODES_MOST, op->arena, &out->codes, err_r) &&
	       store_connection_pending(op->db, op->now, CONNECTIONS_MOST, op->arena,
					&out->connections, err_r);
}

static bool open_code(struct op *op, struct redemption *r, struct err *err_r)
{
	return store_provider_app_by_id(op->db, r->state.app_id, op->arena, &r->app, err_r) &&
	       op_provider_app_secret(op, &r->app, &r->client_secret, err_r) &&
	       connect_open(op, &r->state, CONNECT_CODE, r->state.sealed_code, &r->code, err_r) &&
	       connect_open(op, &r->state, CONNECT_VERIFIER, r->state.sealed_verifier, &r->verifier, err_r);
}

bool op_redemption_claim(struct op *op, const char *state_id, struct redemption *out,
			 struct err *err_r)
{
	*out = (struct redemption){ .code = NULL };
	return store_connect_claim(op->db, state_id, op->now, op->arena, &out->state, err_r) &&
	       open_code(op, out, err_r);
}

static struct audit_event event_of(const struct op *op, enum audit_type type,
				   const struct connection *c)
{
	struct audit_event event = op_audit_of(op, type, c->id, &connection_schema, c);

	event.user_id = c->user_id;
	event.tenant_id = c->tenant_id;
	return event;
}

/* RFC 6749 section 5.1: what the reply does not say is as it was asked. */
static struct strings granted(const struct redemption *r, const struct redeemed *in)
{
	if (r->state.scopes_granted.n > 0)
		return r->state.scopes_granted;
	return in->scopes.items ? in->scopes : r->state.scopes_asked;
}

/* Claimed from the start: this caller asks whose they are. */
static void fill(const struct op *op, const struct redemption *r, const struct redeemed *in,
		 struct connection *c)
{
	const struct connect_state *s = &r->state;

	*c = connection_new(op, s->user_id, s->tenant_id, s->provider);
	c->app_id = s->app_id;
	c->state = CONNECTION_UNIDENTIFIED;
	c->phase = PHASE_CLAIMED;
	c->lease_until = op->now + CALL_LEASE_MS;
	c->expires_at = in->expires_at;
	c->scopes_asked = s->scopes_asked;
	c->scopes_granted = granted(r, in);
}

struct saving {
	const struct redemption *r;
	const struct redeemed *in;
	struct connection *out;
};

static bool save(struct op *op, void *arg, int64_t *key_id_r, struct err *err_r)
{
	const struct saving *s = arg;
	struct audit_event event;

	if (!op_connection_seal(op, &s->in->tokens, s->out, err_r))
		return false;
	*key_id_r = s->out->key_id;
	event = event_of(op, AUDIT_TOKENS_SAVED, s->out);
	return store_connection_save(op->db, &event, s->out, s->r->app.client_id, err_r);
}

bool op_redemption_save(struct op *op, const struct redemption *r, const struct redeemed *in,
			struct connection *out, struct err *err_r)
{
	fill(op, r, in, out);
	return op_seal_retry(op, save, &(struct saving){ r, in, out }, err_r);
}

bool op_redemption_fail(struct op *op, const struct redemption *r, const struct provider *p,
			const char *outcome, const char *why, const char *app_reason,
			struct err *err_r)
{
	struct connect_state s = r->state;
	struct notification told;
	struct audit_event event;

	s.outcome = outcome;
	s.message = arena_printf(op->arena, "%s was not connected: %s", p->title, why);
	told = notification_prepare(op, s.user_id, s.tenant_id, s.provider, false, s.message);
	event = op_audit_of(op, AUDIT_CONNECT_FAILED, s.id, &connect_state_schema, &s);
	event.user_id = s.user_id;
	event.tenant_id = s.tenant_id;
	return (!app_reason || store_provider_app_set_state(op->db, s.app_id, APP_BROKEN, app_reason, op->now,
							    err_r)) &&
	       store_connect_fail(op->db, &event, &s, &told, err_r);
}
