/*
 * worker/caller_connect.c - what the caller does for connections: codes are redeemed, it is
 * asked whose tokens are, and what was ended is revoked. Rules: op/connect_call.h.
 *
 * An errand is one of these on its way: claim it (thread), call (loop), apply what came
 * (thread). Its tokens are saved before the next call. When the database is away after a
 * reply, the errand waits with it and is applied again; a code, and what it gave, are lost
 * only with the process.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "base/log.h"
#include "op/connect.h"
#include "op/connect_call.h"
#include "provider/reply.h"
#include "provider/request.h"
#include "worker/caller.h"

#define APPLY_AGAIN_MS 500

struct errand;

/* A kind of errand. */
struct errand_kind {
	const char *name;
	bool (*claim)(struct op *op, struct errand *e, struct err *err_r);
	/* Into e->request. False: there is nothing to call. */
	bool (*request)(struct errand *e);
	/* What came, or that nothing did (e->called). */
	bool (*apply)(struct op *op, struct errand *e, struct err *err_r);
	enum outbound_kind spends;
};

struct errand {
	struct caller_task task;
	struct outbound_call call;
	const struct errand_kind *kind, *next;   /* next: goes on with that, claimed already */
	struct arena *arena;
	struct caller *caller;
	struct provider p;
	const char *id;                 /* of the row */
	int64_t refresh_gen;            /* of a connection, as it was found */
	struct redemption redemption;   /* of a code */
	bool redeems;                   /* redemption is there, and its attempt not over */
	bool saved;                     /* what it gave is stored, and in `due` */
	struct connection_due due;      /* of a connection */
	struct provider_request request;
	bool called;                    /* `answer` and `end` are what came */
	enum outbound_end end;
	struct provider_answer answer;
	int64_t again_at;
	struct errand *waits;           /* in the list of those that are to be applied again */
};

static struct {
	bool looking;
	size_t n;
	struct errand *waiting;
} errands;

#define ERRANDS_MOST 64

static struct errand *errand_new(struct caller *c, const struct errand_kind *kind, const char *id)
{
	struct errand *e = calloc(1, sizeof(*e));

	if (!e)
		abort();
	e->arena = arena_new();
	e->caller = c;
	e->kind = kind;
	e->id = arena_strdup(e->arena, id);
	e->task.arg = e;
	e->call.arg = e;
	errands.n++;
	return e;
}

static void errand_free(struct errand *e)
{
	arena_free(&e->arena);
	explicit_bzero(e, sizeof(*e));
	free(e);
	errands.n--;
}

/* --- what came ------------------------------------------------------------------------------ */

static bool answered(const struct errand *e)
{
	return e->called && e->end == CALL_ANSWERED;
}

static struct provider_client client_of(const struct provider_app *app, const char *secret)
{
	return (struct provider_client){ app->client_id ? app->client_id : "", secret ? secret : "" };
}

/* --- codes ----------------------------------------------------------------------------------- */

static bool code_claim(struct op *op, struct errand *e, struct err *err_r)
{
	if (op_redemption_claim(op, e->id, &e->redemption, err_r)) {
		e->redeems = true;
		return true;
	}
	if (err_r->kind == ERR_NOT_FOUND || !e->redemption.state.id)
		return false;
	log_error("code_not_opened", LOG_S("provider", e->p.id), LOG_S("error", err_r->message));
	op_redemption_fail(op, &e->redemption, &e->p, OUTCOME_FAILED, "what was kept of it could not be read",
			   NULL, err_r);
	return false;
}

static bool code_request(struct errand *e)
{
	const struct redemption *r = &e->redemption;
	const struct provider_client client = client_of(&r->app, r->client_secret);

	provider_code_request(&e->p, &client, r->code, r->state.redirect_uri, r->verifier, e->arena,
			      &e->request);
	return true;
}

static const struct errand_kind identify, after;

/* Whose they are is known, or cannot be (NULL). Connected, something may be due. */
static bool settle(struct op *op, struct errand *e, const char *account, struct err *err_r)
{
	const struct connect_state *finished = e->redeems ? &e->redemption.state : NULL;
	const char *outcome;

	if (!op_connection_identify(op, &e->p, &e->due.c, account, finished, &outcome, err_r))
		return false;
	if (str_eq(outcome, OUTCOME_CONNECTED) && e->p.after_connect_url)
		e->next = &after;
	return true;
}

static bool code_save(struct op *op, struct errand *e, const struct provider_reply *reply,
		      struct err *err_r)
{
	const struct redeemed in = { { reply->access_token, reply->refresh_token }, reply->expires_at,
				     reply->scopes };

	if (!e->saved && !op_redemption_save(op, &e->redemption, &in, &e->due.c, err_r))
		return (err_r->kind == ERR_FORBIDDEN || err_r->kind == ERR_CONFLICT) &&
		       op_redemption_fail(op, &e->redemption, &e->p, OUTCOME_FAILED,
					  arena_strdup(e->arena, err_r->message), NULL, err_r);
	e->saved = true;
	e->due.tokens = in.tokens;
	if (!reply->identity && e->p.identity_url) {
		e->next = &identify;
		return true;
	}
	return settle(op, e, reply->identity, err_r);
}

/* By what the provider said. */
static const struct { const char *outcome, *why; } refusals[] = {
	[REPLY_UNREADABLE]  = { OUTCOME_FAILED, "its answer was not understood" },
	[REPLY_REFUSED]     = { OUTCOME_REFUSED, "it did not accept the code" },
	[REPLY_APP_BROKEN]  = { OUTCOME_FAILED, "it does not accept the application" },
	[REPLY_LIMITED]     = { OUTCOME_FAILED, "it is asked too often now, try again later" },
	[REPLY_UNAVAILABLE] = { OUTCOME_FAILED, "it does not work now, try again later" },
};

static bool code_apply(struct op *op, struct errand *e, struct err *err_r)
{
	struct provider_reply reply = { .outcome = REPLY_UNAVAILABLE, .reason = "no_answer" };

	if (answered(e))
		provider_reply_read(&e->p, &e->answer, e->arena, &reply);
	if (reply.outcome == REPLY_OK && reply.access_token)
		return code_save(op, e, &reply, err_r);
	if (reply.outcome == REPLY_OK)
		reply.outcome = REPLY_UNREADABLE;
	log_warn("code_not_redeemed", LOG_S("provider", e->p.id), LOG_S("reason", reply.reason));
	return op_redemption_fail(op, &e->redemption, &e->p, refusals[reply.outcome].outcome,
				  refusals[reply.outcome].why,
				  reply.outcome == REPLY_APP_BROKEN ? reply.reason : NULL, err_r);
}

static const struct errand_kind redeem = { "redeem", code_claim, code_request, code_apply, CALL_SPENDS };

/* --- whose tokens ------------------------------------------------------------------------------ */

static bool due_claim(struct op *op, struct errand *e, struct err *err_r)
{
	return op_connection_due_claim(op, e->id, e->refresh_gen, &e->p, &e->due, err_r);
}

static bool identify_request(struct errand *e)
{
	return provider_identity_request(&e->p, e->due.tokens.access_token, e->arena, &e->request);
}

static bool identify_apply(struct op *op, struct errand *e, struct err *err_r)
{
	const struct connect_state *finished = e->redeems ? &e->redemption.state : NULL;
	const char *account = NULL;

	if (!e->called)
		return settle(op, e, NULL, err_r);
	if (answered(e) && e->answer.status / 100 == 2)
		account = reply_identity(&e->p, e->answer.body, e->answer.body_len, e->arena);
	if (account)
		return settle(op, e, account, err_r);
	return op_connection_unidentified(op, &e->p, &e->due.c, answered(e) ? "no_identity" : "no_answer",
					  finished, err_r);
}

static const struct errand_kind identify = { "identify", due_claim, identify_request, identify_apply,
					     CALL_READS };

/* --- once after connecting ------------------------------------------------------------------------ */

static bool after_request(struct errand *e)
{
	return provider_after_request(&e->p, e->due.tokens.access_token, e->due.c.id, e->arena, &e->request);
}

/* 409: it was there already. Nothing here depends on it. */
static bool after_apply(struct op *op, struct errand *e, struct err *err_r)
{
	(void)op;
	(void)err_r;
	if (!answered(e) || (e->answer.status / 100 != 2 && e->answer.status != 409))
		log_warn("after_connect_failed", LOG_S("provider", e->p.id),
			 LOG_N("status", answered(e) ? e->answer.status : 0));
	return true;
}

static const struct errand_kind after = { "after_connect", NULL, after_request, after_apply, CALL_SPENDS };

/* --- what was ended ------------------------------------------------------------------------------ */

static bool revoke_request(struct errand *e)
{
	const struct connection_due *d = &e->due;
	const struct provider_client client = client_of(&d->app, d->client_secret);
	const struct provider_ended ended = { d->tokens.access_token, d->tokens.refresh_token,
					      d->c.provider_user_id };
	bool by_app = str_eq(e->p.revoke_auth, "body") || str_eq(e->p.revoke_auth, "basic");

	return !d->keep && (d->has_app || !by_app) &&
	       provider_revoke_request(&e->p, &client, &ended, e->arena, &e->request);
}

static bool is_final(int status)
{
	return status >= 200 && status < 500 && status != 408 && status != 429;
}

static bool revoke_apply(struct op *op, struct errand *e, struct err *err_r)
{
	const struct connection *c = &e->due.c;
	const char *why = e->due.keep ? "you have connected it again since" : "it cannot be told, so end it there by "
		"hand";

	if (!e->called)
		return op_connection_revoked(op, &e->p, c, false, why, err_r);
	if (answered(e) && is_final(e->answer.status))
		return op_connection_revoked(op, &e->p, c, e->answer.status < 300,
					     "it refused to end it, so look there", err_r);
	return op_connection_unrevoked(op, &e->p, c, "no_answer", err_r);
}

static const struct errand_kind revoke = { "revoke", due_claim, revoke_request, revoke_apply, CALL_SPENDS };

/* --- on its way ------------------------------------------------------------------------------------ */

static bool is_passing(const struct err *err)
{
	return err->kind == ERR_UNAVAILABLE || err->kind == ERR_UNCERTAIN;
}

static void run_call(struct errand *e);

static void applied(struct caller *c, struct caller_task *t)
{
	struct errand *e = t->arg;

	(void)c;
	if (!t->good && is_passing(&t->err)) {
		e->again_at = clock_monotonic() + APPLY_AGAIN_MS;
		e->waits = errands.waiting;
		errands.waiting = e;
		return;
	}
	if (!t->good)
		log_error("connection_not_settled", LOG_S("what", e->kind->name), LOG_S("provider", e->p.id),
			  LOG_S("error", t->err.message));
	if (!t->good || !e->next) {
		errand_free(e);
		return;
	}
	e->kind = e->next;
	e->next = NULL;
	run_call(e);
}

/* On the errand's own arena: what was read lives as long as it. */
static bool apply_work(struct op *op, struct caller_task *t, struct err *err_r)
{
	struct errand *e = t->arg;
	struct op own = *op;

	own.arena = e->arena;
	return e->kind->apply(&own, e, err_r);
}

static void apply(struct errand *e)
{
	e->task.work = apply_work;
	e->task.done = applied;
	caller_do(e->caller, &e->task);
}

static void called(struct outbound_call *call)
{
	struct errand *e = call->arg;
	const struct outbound_reply *r = &call->reply;
	char *body = arena_alloc(e->arena, r->body_len + 1);

	memcpy(body, r->body ? r->body : "", r->body ? r->body_len : 0);
	body[r->body_len] = '\0';
	e->called = true;
	e->end = r->end;
	e->answer = (struct provider_answer){
		.status = r->status, .headers = arena_strdup(e->arena, r->headers ? r->headers : ""),
		.body = body, .body_len = r->body_len, .now = clock_now(),
	};
	if (r->end != CALL_ANSWERED)
		log_warn("provider_not_reached", LOG_S("provider", e->p.id), LOG_S("what", e->kind->name),
			 LOG_S("why", r->why ? r->why : ""));
	apply(e);
}

static void run_call(struct errand *e)
{
	struct err err;

	e->called = false;
	if (!e->kind->request(e)) {
		apply(e);
		return;
	}
	e->call = (struct outbound_call){
		.provider = e->p.id, .method = e->request.method, .url = e->request.url,
		.headers = e->request.headers, .body = e->request.body, .body_len = e->request.body_len,
		.kind = e->kind->spends, .done = called, .arg = e,
	};
	if (outbound_start(caller_outbound(e->caller), &e->call, &err))
		return;
	log_error("call_not_made", LOG_S("what", e->kind->name), LOG_S("error", err.message));
	e->called = true;
	e->end = CALL_CUT;
	apply(e);
}

static bool claim_work(struct op *op, struct caller_task *t, struct err *err_r)
{
	struct errand *e = t->arg;
	struct op own = *op;

	own.arena = e->arena;
	return e->kind->claim(&own, e, err_r);
}

static void claimed(struct caller *c, struct caller_task *t)
{
	struct errand *e = t->arg;

	(void)c;
	if (t->good) {
		run_call(e);
		return;
	}
	if (t->err.kind != ERR_NOT_FOUND && t->err.kind != ERR_CONFLICT)
		log_error("connection_not_claimed", LOG_S("what", e->kind->name), LOG_S("error", t->err.message));
	errand_free(e);
}

static void begin(struct caller *c, const struct errand_kind *kind, const char *id, int64_t refresh_gen,
		  const char *provider)
{
	struct errand *e = errand_new(c, kind, id);
	struct err err;

	e->refresh_gen = refresh_gen;
	if (!provider_get(caller_providers(c), provider, clock_now(), &e->p, &err))
		/* it stood in a file of providers once */
		e->p = (struct provider){ .id = arena_strdup(e->arena, provider),
					  .title = arena_strdup(e->arena, provider) };
	e->task.work = claim_work;
	e->task.done = claimed;
	caller_do(c, &e->task);
}

/* --- what there is to do ------------------------------------------------------------------------- */

struct finding {
	struct caller_task task;
	struct arena *arena;
	struct calls_due due;
};

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

	errands.looking = false;
	if (!t->good)
		log_warn("calls_not_read", LOG_S("error", t->err.message));
	for (size_t i = 0; t->good && i < f->due.codes.n && errands.n < ERRANDS_MOST; i++)
		begin(c, &redeem, codes[i].id, 0, codes[i].provider);
	for (size_t i = 0; t->good && i < f->due.connections.n && errands.n < ERRANDS_MOST; i++)
		begin(c, rows[i].ended_at == TIME_NONE ? &identify : &revoke, rows[i].id, rows[i].refresh_gen,
		      rows[i].provider);
	arena_free(&f->arena);
	free(f);
}

static void apply_waiting(void)
{
	struct errand *e = errands.waiting;

	errands.waiting = NULL;
	while (e) {
		struct errand *next = e->waits;

		if (clock_monotonic() >= e->again_at) {
			apply(e);
		} else {
			e->waits = errands.waiting;
			errands.waiting = e;
		}
		e = next;
	}
}

void caller_connect_look(struct caller *c)
{
	struct finding *f;

	apply_waiting();
	if (errands.looking || caller_stops(c))
		return;
	f = calloc(1, sizeof(*f));
	if (!f)
		abort();
	f->arena = arena_new();
	f->task = (struct caller_task){ .work = find_work, .done = found, .arg = f };
	errands.looking = true;
	caller_do(c, &f->task);
}
