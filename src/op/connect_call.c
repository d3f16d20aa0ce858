/* op/connect_call.c - codes are redeemed. */
#include "config.h"

#include "base/str.h"
#include "op/audit.h"
#include "op/connect.h"
#include "op/connect_call.h"
#include "op/connect_seal.h"
#include "op/notification.h"
#include "op/provider_app.h"
#include "op/refresh_late.h"
#include "op/refresh_rule.h"
#include "op/vault.h"
#include "store/connect.h"
#include "store/connection.h"
#include "store/connection_call.h"
#include "store/provider_app.h"

#define CODES_MOST 8             /* of a provider, as the next one */
#define CONNECTIONS_MOST 8
#define LOST_MOST 16

/* Ends it without a connection: the event, and what its user is told. */
static struct audit_event failed(struct op *op, const struct connect_state *s, struct notification *told_r)
{
	struct audit_event event = op_audit_of(op, AUDIT_CONNECT_FAILED, s->id, &connect_state_schema, s);

	event.user_id = s->user_id;
	event.tenant_id = s->tenant_id;
	*told_r = notification_prepare(op, s->user_id, s->tenant_id, s->provider, false, s->message);
	return event;
}

/* Another caller may have given it up. */
static bool lose(struct op *op, const struct connect_state *state, struct err *err_r)
{
	struct connect_state s = *state;
	struct notification told;
	struct audit_event event;

	s.outcome = OUTCOME_LOST;
	s.message = "Pierre was stopped while it connected. Look at your connections in a minute, and connect "
		    "again if it is not there";
	event = failed(op, &s, &told);
	return store_connect_lose(op->db, &event, &s, &told, err_r) || err_r->kind == ERR_NOT_FOUND;
}

static bool lose_all(struct op *op, struct err *err_r)
{
	const struct connect_state *lost;
	struct field_list list;
	bool good = store_connect_list_lost(op->db, op->now, LOST_MOST, op->arena, &list, err_r);

	lost = good ? list.items : NULL;
	for (size_t i = 0; good && i < list.n; i++)
		good = lose(op, &lost[i], err_r);
	return good;
}

bool op_calls_due(struct op *op, struct calls_due *out, struct err *err_r)
{
	return lose_all(op, err_r) &&
	       store_connect_waiting(op->db, CODES_MOST, op->arena, &out->codes, err_r) &&
	       store_connection_pending(op->db, op->now, CONNECTIONS_MOST, op->arena,
					&out->connections, err_r);
}

struct opening {
	struct redemption *r;
	bool again;
};

/* Another host may have given it up meanwhile. */
static bool read_again(struct op *op, struct connect_state *s, struct err *err_r)
{
	return store_connect_get(op->db, s->id, op->arena, s, err_r) &&
	       ((str_eq(s->phase, CONNECT_SENT) && s->sealed_code) ||
		err_set(err_r, ERR_NOT_FOUND, "The attempt is over"));
}

/* Both rows may be sealed again since they were read. */
static bool open_code(struct op *op, void *arg, int64_t *key_id_r, struct err *err_r)
{
	struct opening *in = arg;
	struct redemption *r = in->r;

	if (in->again && !read_again(op, &r->state, err_r))
		return false;
	in->again = true;
	if (!store_provider_app_by_id(op->db, r->state.app_id, op->arena, &r->app, err_r))
		return false;
	*key_id_r = r->app.key_id;
	if (!op_provider_app_secret(op, &r->app, &r->client_secret, err_r))
		return false;
	*key_id_r = r->state.key_id == INT_NONE ? 0 : r->state.key_id;
	return connect_open(op, &r->state, CONNECT_CODE, r->state.sealed_code, &r->code, err_r) &&
	       connect_open(op, &r->state, CONNECT_VERIFIER, r->state.sealed_verifier, &r->verifier, err_r);
}

bool op_redemption_claim(struct op *op, const char *state_id, struct redemption *out,
			 struct err *err_r)
{
	*out = (struct redemption){ .code = NULL };
	return store_connect_claim(op->db, state_id, op->arena, &out->state, err_r) &&
	       op_seal_retry(op, open_code, &(struct opening){ out, false }, err_r);
}

bool op_redemption_is_late(const struct redemption *r, const struct provider *p, int64_t now)
{
	return p->code_ttl > 0 && now - r->state.updated_at > p->code_ttl * SECOND_MS;
}

static struct audit_event event_of(const struct op *op, enum audit_type type,
				   const struct connection *c)
{
	struct audit_event event = op_audit_of(op, type, c->id, &connection_schema, c);

	event.user_id = c->user_id;
	event.tenant_id = c->tenant_id;
	return event;
}

/* --- an answer ---------------------------------------------------------------------------- */

struct refresh_answer redemption_answer_of(const struct redemption *r, const struct provider_reply *reply,
					   int64_t now, struct arena *arena)
{
	const struct connect_state *s = &r->state;

	return (struct refresh_answer){
		.id = s->id, .user_id = s->user_id, .tenant_id = s->tenant_id, .provider = s->provider,
		.app_id = s->app_id, .gen = ANSWER_OF_CODE, .access_token = reply->access_token,
		.refresh_token = reply->refresh_token, .expires_at = reply->expires_at, .answered_at = now,
		.scopes = reply->scopes.items ? strings_join(arena, reply->scopes, " ") : NULL,
		.client_id = r->app.client_id, .account = reply->identity,
	};
}

/* RFC 6749 section 5.1: what the reply does not say is as it was asked. */
static struct strings granted(struct op *op, const struct connect_state *s, const struct refresh_answer *a)
{
	if (s->scopes_granted.n > 0)
		return s->scopes_granted;
	return a->scopes ? scopes_read(op->arena, a->scopes) : s->scopes_asked;
}

static struct connection connection_of(struct op *op, const struct connect_state *s,
				       const struct refresh_answer *a, bool claimed)
{
	struct connection c = connection_new(op, s->user_id, s->tenant_id, s->provider);

	c.id = s->id;
	c.app_id = s->app_id;
	c.provider_user_id = a->account;
	c.state = CONNECTION_UNIDENTIFIED;
	c.phase = claimed ? PHASE_CLAIMED : PHASE_IDLE;
	c.lease_until = claimed ? op->now + CALL_LEASE_MS : TIME_NONE;
	c.expires_at = a->expires_at;
	c.refreshed_at = c.connected_at = a->answered_at;
	c.scopes_asked = s->scopes_asked;
	c.scopes_granted = granted(op, s, a);
	return c;
}

struct saving {
	const struct refresh_answer *a;
	struct connection *out;
};

static bool save(struct op *op, void *arg, int64_t *key_id_r, struct err *err_r)
{
	const struct saving *s = arg;
	const struct connection_tokens tokens = { s->a->access_token, s->a->refresh_token };
	struct audit_event event;

	if (!op_connection_seal(op, &tokens, s->out, err_r))
		return false;
	*key_id_r = s->out->key_id;
	event = event_of(op, AUDIT_TOKENS_SAVED, s->out);
	return store_connection_save(op->db, &event, s->out, s->a->client_id, err_r);
}

bool op_redemption_save(struct op *op, const struct provider *p, const struct refresh_answer *a,
			bool claimed, struct connection *out, bool *written_r, struct err *err_r)
{
	struct connect_state s;
	const char *why;

	*written_r = false;
	if (!store_connect_get(op->db, a->id, op->arena, &s, err_r))
		return err_r->kind == ERR_NOT_FOUND;
	*out = connection_of(op, &s, a, claimed);
	*written_r = op_seal_retry(op, save, &(struct saving){ a, out }, err_r);
	if (*written_r || err_r->kind == ERR_NOT_FOUND)
		return true;
	if (err_r->kind != ERR_FORBIDDEN && err_r->kind != ERR_CONFLICT)
		return false;
	why = arena_strdup(op->arena, err_r->message);
	/* before the attempt is over: then nobody would come back for it */
	return op_refresh_late(op, a, err_r) && op_redemption_fail(op, &s, p, OUTCOME_FAILED, why, NULL, err_r);
}

bool op_answer_is_known(struct op *op, const struct refresh_answer *a, struct err *err_r)
{
	struct connect_state s;
	struct connection c;

	if (store_connection_by_id(op->db, a->id, op->arena, &c, err_r))
		return true;
	if (err_r->kind == ERR_NOT_FOUND && a->gen == ANSWER_OF_CODE)
		return store_connect_get(op->db, a->id, op->arena, &s, err_r);
	return false;
}

bool op_answer_store(struct op *op, const struct refresh_answer *a, bool *written_r,
		     struct err *err_r)
{
	const struct provider p = { .id = a->provider, .title = a->provider };
	struct connection c;

	return a->gen == ANSWER_OF_CODE ? op_redemption_save(op, &p, a, false, &c, written_r, err_r)
					: op_refresh_write(op, a, written_r, err_r);
}

/* --- none ----------------------------------------------------------------------------------- */

bool op_redemption_fail(struct op *op, const struct connect_state *state, const struct provider *p,
			const char *outcome, const char *why, const struct app_refusal *broken,
			struct err *err_r)
{
	struct connect_state s = *state;
	struct notification told;
	struct audit_event event;

	s.outcome = outcome;
	s.message = arena_printf(op->arena, "%s was not connected: %s", p->title, why);
	event = failed(op, &s, &told);
	return (!broken || store_provider_app_break(op->db, broken->app, broken->reason, op->now + REFRESH_WINDOW_MS,
						    op->now, err_r)) &&
	       store_connect_fail(op->db, &event, &s, &told, err_r);
}
