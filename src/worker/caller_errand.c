/* worker/caller_errand.c - how an errand goes its way, whatever its kind. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "op/budget.h"
#include "worker/caller_errand.h"

#define APPLY_AGAIN_MS 500

static struct {
	size_t n;
	struct errand *all, *waiting;
	void (*look)(struct caller *c);
} errands;

/* A provider that stalls has a share, and what is claimed is called before its claim ends. A
 * code lives for half a minute at some: one place is left to codes. */
bool errand_may_begin(const struct errand_kind *kind, const char *provider)
{
	size_t same = 0;

	for (const struct errand *e = errands.all; e; e = e->next_errand)
		same += !e->called && str_eq(e->p.id, provider);
	return errands.n < ERRANDS_MOST &&
	       same < (kind->soon ? OUTBOUND_MOST_PROVIDER : OUTBOUND_MOST_PROVIDER - 1);
}

void errands_more(void (*look)(struct caller *c))
{
	errands.look = look;
}

static struct errand *errand_new(struct caller *c, const struct errand_kind *kind, const char *id)
{
	struct errand *e = calloc(1, sizeof(*e));

	if (!e)
		abort();
	e->arena = arena_new();
	e->caller = c;
	e->kind = kind;
	e->id = arena_strdup(e->arena, id);
	e->file.fd = -1;
	e->shut_until = TIME_NONE;
	e->task.arg = e;
	e->call.arg = e;
	e->next_errand = errands.all;
	errands.all = e;
	errands.n++;
	return e;
}

/* keep: the file of the spool, for another try or another process. */
static void errand_free(struct errand *e, bool keep)
{
	struct caller *c = e->caller;
	void (*look)(struct caller *) = errands.look;
	struct errand **at = &errands.all;

	while (*at != e)
		at = &(*at)->next_errand;
	*at = e->next_errand;
	spool_drop(caller_spool(), &e->file, keep);
	arena_free(&e->arena);
	explicit_bzero(e, sizeof(*e));
	free(e);
	errands.n--;
	errands.look = NULL;
	if (look)
		look(c);
}

bool errand_answered(const struct errand *e)
{
	return e->called && e->end == CALL_ANSWERED;
}

const char *errand_silence(const struct errand *e)
{
	return e->refused ? "no_budget" : "no_answer";
}

/* On the errand's own arena: what was read lives as long as it. */
static struct op own(const struct op *op, const struct errand *e)
{
	struct op copy = *op;

	copy.arena = e->arena;
	return copy;
}

/* --- budgets ---------------------------------------------------------------------------------- */

static struct budget_call budget_call_of(const struct errand *e, const struct errand_kind *kind)
{
	const struct connection *c = &e->due.c;

	return (struct budget_call){
		.p = &e->p, .app_id = c->id ? budget_app_of(c) : e->redemption.state.app_id, .connection_id = c->id,
		.reads = kind->spends == CALL_READS, .auth = kind->auth, .what = kind->name,
	};
}

/* As when a call was cut. */
static void uncalled(struct errand *e, const struct errand_kind *kind)
{
	e->called = true;
	e->end = CALL_CUT;
	if (kind->keep)
		kind->keep(e);
}

/* What is asked, by this kind of errand, and whether the application may ask it now. */
static void prepare(struct op *op, struct errand *e, const struct errand_kind *kind)
{
	const struct budget_call call = budget_call_of(e, kind);
	struct err err;

	e->called = false;
	e->shut_until = TIME_NONE;
	e->calls = kind->request(e);
	e->refused = e->calls && !op_budget_take(op, &call, NULL, &err) && !kind->urgent;
	if (!e->refused)
		return;
	log_warn("call_waits", LOG_S("what", kind->name), LOG_S("provider", e->p.id), LOG_S("why", err.message));
	e->calls = false;
	uncalled(e, kind);
}

/* --- apply ------------------------------------------------------------------------------------ */

static void run_call(struct errand *e);

static void applied(struct caller *c, struct caller_task *t)
{
	struct errand *e = t->arg;

	(void)c;
	if (!t->good && err_is_passing(&t->err)) {
		e->again_at = clock_monotonic() + APPLY_AGAIN_MS;
		e->waits = errands.waiting;
		errands.waiting = e;
		return;
	}
	if (!t->good)
		log_error("connection_not_settled", LOG_S("what", e->kind->name), LOG_S("provider", e->p.id),
			  LOG_S("error", t->err.message));
	if (!t->good || !e->next) {
		errand_free(e, !t->good && e->gave.id);
		return;
	}
	e->kind = e->next;
	e->next = NULL;
	run_call(e);
}

/* It was ended, or set anew: that is another one's work. */
static bool is_over(const struct err *err)
{
	return err->kind == ERR_NOT_FOUND;
}

static void put_off(struct op *op, struct errand *e, const struct err *why)
{
	struct err err;

	if (e->kind->put_off && !err_is_passing(why) && !is_over(why) && !e->kind->put_off(op, e, &err))
		log_error("connection_not_put_off", LOG_S("what", e->kind->name), LOG_S("provider", e->p.id),
			  LOG_S("error", err.message));
}

static bool apply_work(struct op *op, struct caller_task *t, struct err *err_r)
{
	struct errand *e = t->arg;
	const struct budget_call call = budget_call_of(e, e->kind);
	struct op mine = own(op, e);
	struct err err;

	/* what is not stored is said by the provider again */
	op_budget_shut(&mine, &call, e->shut_until, &err);
	if (!e->kind->apply(&mine, e, err_r)) {
		put_off(&mine, e, err_r);
		return false;
	}
	if (e->next)
		prepare(&mine, e, e->next);
	return true;
}

static void apply(struct errand *e)
{
	e->task.work = apply_work;
	e->task.done = applied;
	caller_do(e->caller, &e->task);
}

void errands_apply(void)
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

/* --- call ------------------------------------------------------------------------------------- */

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
	if (r->end == CALL_ANSWERED)
		e->shut_until = reply_shut_until(&e->p, r->status, e->answer.headers, e->answer.now);
	else
		log_warn("provider_not_reached", LOG_S("provider", e->p.id), LOG_S("what", e->kind->name),
			 LOG_S("why", r->why ? r->why : ""));
	if (e->kind->keep)
		e->kind->keep(e);
	apply(e);
}

static void run_call(struct errand *e)
{
	struct err err;

	if (!e->calls) {
		apply(e);
		return;
	}
	e->call = (struct outbound_call){
		.provider = e->p.id, .what = e->kind->name, .method = e->request.method, .url = e->request.url,
		.headers = e->request.headers, .body = e->request.body, .body_len = e->request.body_len,
		.kind = e->kind->spends, .done = called, .arg = e,
	};
	if (outbound_start(caller_outbound(e->caller), &e->call, &err))
		return;
	log_error("call_not_made", LOG_S("what", e->kind->name), LOG_S("error", err.message));
	uncalled(e, e->kind);
	apply(e);
}

/* --- claim ------------------------------------------------------------------------------------ */

bool errand_due_claim(struct op *op, struct errand *e, struct err *err_r)
{
	return op_connection_due_claim(op, e->id, e->refresh_gen, &e->p, &e->due, err_r);
}

static bool claim_work(struct op *op, struct caller_task *t, struct err *err_r)
{
	struct errand *e = t->arg;
	struct op mine = own(op, e);
	bool good = e->kind->claim(&mine, e, err_r);

	if (good)
		prepare(&mine, e, e->kind);
	/* with the claim the row was read, and then something in it did not open */
	else if (e->due.c.refresh_gen > e->refresh_gen)
		put_off(&mine, e, err_r);
	return good;
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
	errand_free(e, false);
}

void errand_begin(struct caller *c, const struct errand_kind *kind, const char *id,
		  int64_t refresh_gen, const struct provider *p)
{
	struct errand *e = errand_new(c, kind, id);

	e->refresh_gen = refresh_gen;
	e->p = *p;
	e->p.id = arena_strdup(e->arena, p->id);
	e->p.title = arena_strdup(e->arena, p->title);
	e->task.work = claim_work;
	e->task.done = claimed;
	caller_do(c, &e->task);
}
