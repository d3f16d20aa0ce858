/* op/refresh.c - the steps of a refresh, as they are committed. */
#include "config.h"

#include "base/str.h"
#include "op/audit.h"
#include "op/budget.h"
#include "op/notification.h"
#include "op/provider_app.h"
#include "op/refresh.h"
#include "op/refresh_late.h"
#include "op/vault.h"
#include "provider/providers.h"
#include "store/connection.h"
#include "store/provider_app.h"
#include "store/refresh.h"

#define DUE_MOST 8      /* of a provider */

/* --- what is due ---------------------------------------------------------------------------- */

static bool mark_ahead(struct op *op, const struct providers *providers, struct err *err_r)
{
	struct field_list all = providers_all(providers, op->now, op->arena);
	const struct provider *p = all.items;

	for (size_t i = 0; i < all.n; i++) {
		int64_t margin = refresh_margin(&p[i]);
		const struct refresh_ahead ahead = {
			.provider = p[i].id, .soon = op->now + margin, .settled = op->now - margin,
			.used_since = op->now - REFRESH_USED_MS,
		};

		if (refresh_is_ahead(&p[i], op->now) && !store_refresh_ahead(op->db, &ahead, err_r))
			return false;
	}
	return true;
}

bool op_refresh_find(struct op *op, const struct providers *providers, bool ahead,
		     struct field_list *out, struct err *err_r)
{
	return (!ahead || mark_ahead(op, providers, err_r)) &&
	       store_refresh_list_due(op->db, op->now, DUE_MOST, op->arena, out, err_r);
}

/* --- claim, sent ---------------------------------------------------------------------------- */

static bool is_mine(const struct connection *c, const struct connection_claim *claim)
{
	return c->refresh_gen == claim->refresh_gen && c->connect_gen == claim->connect_gen && c->app_id &&
	       c->sealed_refresh;
}

struct claiming {
	struct connection_claim claim;
	struct refresh_claim *out;
};

static bool read_claim(struct op *op, void *arg, int64_t *key_id_r, struct err *err_r)
{
	const struct claiming *in = arg;
	struct refresh_claim *r = in->out;

	if (!store_connection_by_id(op->db, r->c.id, op->arena, &r->c, err_r))
		return false;
	if (!is_mine(&r->c, &in->claim))
		return err_reason(err_r, ERR_CONFLICT, "claimed", "The connection was changed meanwhile");
	*key_id_r = r->c.key_id;
	if (!op_connection_open(op, &r->c, &r->tokens, err_r) ||
	    !store_provider_app_by_id(op->db, r->c.app_id, op->arena, &r->app, err_r))
		return false;
	*key_id_r = r->app.key_id;
	return op_provider_app_secret(op, &r->app, &r->client_secret, err_r);
}

static bool claim(struct op *op, const struct provider *p, const struct connection *seen,
		  struct connection_claim *out, struct err *err_r)
{
	return p->serial ? store_refresh_claim_alone(op->db, seen, op->arena, out, err_r)
			 : store_connection_claim(op->db, seen->id, seen->refresh_gen, op->arena, out, err_r);
}

bool op_refresh_claim(struct op *op, const struct provider *p, const struct connection *seen,
		      struct refresh_claim *out, struct err *err_r)
{
	struct claiming in = { .out = out };

	*out = (struct refresh_claim){ .c.id = seen->id };
	return claim(op, p, seen, &in.claim, err_r) && op_seal_retry(op, read_claim, &in, err_r);
}

bool op_refresh_sent(struct op *op, const struct refresh_claim *r, struct err *err_r)
{
	return store_refresh_sent(op->db, &r->c, op->now, err_r);
}

/* --- an answer ------------------------------------------------------------------------------- */

struct refresh_answer refresh_answer_of(const struct refresh_claim *r, const struct provider_reply *reply,
					int64_t now, struct arena *arena)
{
	const struct connection *c = &r->c;

	return (struct refresh_answer){
		.id = c->id, .user_id = c->user_id, .tenant_id = c->tenant_id, .provider = c->provider,
		.app_id = c->app_id, .gen = c->refresh_gen, .connect_gen = c->connect_gen,
		.access_token = reply->access_token ? reply->access_token : r->tokens.access_token,
		.refresh_token = reply->refresh_token ? reply->refresh_token : r->tokens.refresh_token,
		.expires_at = reply->expires_at, .answered_at = now,
		.scopes = reply->scopes.items ? strings_join(arena, reply->scopes, " ") : NULL,
	};
}

static struct audit_event event_of(const struct op *op, enum audit_type type,
				   const struct connection *c)
{
	struct audit_event event = op_audit_of(op, type, c->id, &connection_schema, c);

	event.user_id = c->user_id;
	event.tenant_id = c->tenant_id;
	return event;
}

struct writing {
	const struct refresh_answer *a;
	struct connection *c;
	bool *written_r;
};

static bool write(struct op *op, void *arg, int64_t *key_id_r, struct err *err_r)
{
	const struct writing *w = arg;
	const struct connection_tokens tokens = { w->a->access_token, w->a->refresh_token };
	struct audit_event event;

	if (!op_connection_seal(op, &tokens, w->c, err_r))
		return false;
	*key_id_r = w->c->key_id;
	event = event_of(op, AUDIT_TOKENS_REFRESHED, w->c);
	return store_refresh_write(op->db, &event, w->c, w->a->gen, op->now, w->written_r, err_r);
}

/* An answer that is counted twice, or not at all, misleads nobody. */
static void count_success(struct op *op, const struct refresh_answer *a)
{
	struct provider_app app;
	struct err err;

	store_refresh_count(op->db, a->app_id, false, op->now - REFRESH_WINDOW_MS, op->now, op->arena, &app, &err);
}

bool op_refresh_write(struct op *op, const struct refresh_answer *a, bool *written_r,
		      struct err *err_r)
{
	struct connection c = {
		.id = a->id, .user_id = a->user_id, .tenant_id = a->tenant_id, .provider = a->provider,
		.connect_gen = a->connect_gen, .expires_at = a->expires_at, .refreshed_at = a->answered_at,
		.state = CONNECTION_OK,
		.scopes_granted = a->scopes ? scopes_read(op->arena, a->scopes) : (struct strings){ 0 },
	};

	if (!op_seal_retry(op, write, &(struct writing){ a, &c, written_r }, err_r))
		return false;
	if (*written_r)
		count_success(op, a);
	return *written_r || op_refresh_late(op, a, err_r);
}

/* --- nothing --------------------------------------------------------------------------------- */

static bool count_refusal(struct op *op, const struct connection *c, struct refresh_seen *seen,
			  struct err *err_r)
{
	struct provider_app *app = arena_new_struct(op->arena, struct provider_app);
	int64_t others;

	if (!store_refresh_count(op->db, c->app_id, true, op->now - REFRESH_WINDOW_MS, op->now, op->arena,
				 app, err_r) ||
	    !store_refresh_others(op->db, c, &others, err_r))
		return false;
	if (refresh_is_degraded(app->window_answers, app->window_refusals)) {
		app->degraded_until = op->now + REFRESH_WINDOW_MS;
		if (!store_refresh_degrade(op->db, app->id, app->degraded_until, err_r))
			return false;
	}
	seen->app = app;
	seen->alone = others == 0;
	return true;
}

/* A change that its owner should know of, with a notification. */
static const struct telling {
	const char *state;
	enum audit_type type;
	const char *message;         /* after the title of the provider */
} tellings[] = {
	{ CONNECTION_REAUTH, AUDIT_REAUTH_REQUIRED, "does not renew your connection any more: connect it again." },
	{ CONNECTION_UNCERTAIN, AUDIT_TOKENS_UNCERTAIN,
	  "did not answer when your connection was renewed. It is tried once more when the tokens at hand "
	  "end; you may have to connect again then." },
};

static const struct telling *telling_of(const struct connection *before, const char *state)
{
	for (size_t i = 0; i < sizeof(tellings) / sizeof(tellings[0]); i++)
		if (str_eq(tellings[i].state, state) && !str_eq(before->state, state))
			return &tellings[i];
	return NULL;
}

static bool tell(struct op *op, const struct provider *p, const struct telling *t,
		 const struct connection *c, struct err *err_r)
{
	const struct audit_event event = event_of(op, t->type, c);
	const struct notification told =
		notification_prepare(op, c->user_id, c->tenant_id, c->provider, false,
				     arena_printf(op->arena, "%s %s", p->title, t->message));

	return store_refresh_end(op->db, &event, c, &told, op->now, err_r);
}

static bool end(struct op *op, const struct provider *p, const struct connection *before,
		const struct refresh_verdict *v, struct err *err_r)
{
	struct connection c = *before;
	const struct telling *t = telling_of(before, v->state);

	c.state = v->state;
	c.reason = v->reason;
	c.refresh_wanted = v->wanted;
	c.retry_at = v->retry_at;
	c.attempts = v->attempts;
	c.refusals = v->refusals;
	c.first_refused_at = v->first_refused_at;
	return t ? tell(op, p, t, &c, err_r) : store_refresh_end(op->db, NULL, &c, NULL, op->now, err_r);
}

bool op_refresh_end(struct op *op, const struct provider *p, const struct connection *c,
		    struct refresh_seen *seen, struct err *err_r)
{
	struct refresh_verdict v;

	if (seen->end == ENDED_ANSWERED && seen->outcome == REPLY_REFUSED &&
	    !count_refusal(op, c, seen, err_r))
		return false;
	refresh_judge(c, p, seen, op->now, &v);
	if (v.app_broken && !store_provider_app_break(op->db, seen->asked, v.reason, op->now + REFRESH_WINDOW_MS,
						      op->now, err_r))
		return false;
	return end(op, p, c, &v, err_r);
}

bool op_refresh_want(struct op *op, const char *id, struct err *err_r)
{
	return store_refresh_want(op->db, id, op->now, err_r);
}

bool op_refresh_awaited(struct op *op, struct strings ids, struct strings *out, struct err *err_r)
{
	return store_refresh_list_awaited(op->db, ids, op->now, op->arena, out, err_r);
}

bool op_refresh_silent(struct op *op, const struct provider *p, const struct connection *c,
		       struct err *err_r)
{
	struct refresh_seen seen = { .end = ENDED_SILENT, .until = TIME_NONE };
	struct connection row;

	if (!store_connection_by_id(op->db, c->id, op->arena, &row, err_r))
		return false;
	/* else another caller has judged it */
	return row.refresh_gen != c->refresh_gen || !str_eq(row.phase, PHASE_SENT) ||
	       op_refresh_end(op, p, &row, &seen, err_r);
}

/* --- budgets --------------------------------------------------------------------------------- */

static struct budget_call budget_call_of(const struct provider *p, const struct connection *c)
{
	return (struct budget_call){ .p = p, .app_id = c->app_id, .connection_id = c->id, .auth = true,
				     .what = "refresh" };
}

bool op_refresh_take_budget(struct op *op, const struct provider *p, const struct connection *c,
			    struct err *err_r)
{
	const struct budget_call call = budget_call_of(p, c);
	struct refresh_seen seen = { .end = ENDED_NO_BUDGET };
	struct err other;

	if (op_budget_take(op, &call, &seen.until, err_r))
		return true;
	if (err_r->kind == ERR_RATE)
		op_refresh_end(op, p, c, &seen, &other);
	return false;
}

bool op_refresh_shut_budget(struct op *op, const struct provider *p, const struct connection *c,
			    int64_t until, struct err *err_r)
{
	const struct budget_call call = budget_call_of(p, c);

	return op_budget_shut(op, &call, until, err_r);
}
