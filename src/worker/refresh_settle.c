/* worker/refresh_settle.c - what a refresh brought is stored, and used where that is due. */
#include "config.h"

#include "base/clock.h"
#include "base/log.h"
#include "worker/refresh_turn.h"

#define AGAIN_MS 500             /* between tries to store */

/* --- the new tokens are used --------------------------------------------------------------- */

/* A call before this one was not answered. Where an old refresh token lives until the new
 * access token is used, the provider may have given two pairs: a use says which one is ours. */
static bool must_be_used(const struct turn *t)
{
	return t->written && t->claim.c.attempts > 0 && t->p.identity_url &&
	       provider_replay_of(&t->p) == REPLAY_SAFE_UNTIL_USED;
}

static bool want_work(struct op *op, struct caller_task *task, struct err *err_r)
{
	struct turn *t = task->arg;

	return op_refresh_want(op, t->found.id, err_r);
}

static void wanted(struct caller *c, struct caller_task *task)
{
	struct turn *t = task->arg;

	(void)c;
	if (!task->good)
		log_error("refresh_not_wanted", LOG_S("provider", t->p.id), LOG_S("connection", t->found.id),
			  LOG_S("error", task->err.message));
	turn_free(t, false);
}

static void used(struct outbound_call *call)
{
	struct turn *t = call->arg;
	int status = call->reply.end == CALL_ANSWERED ? call->reply.status : 0;

	if (status / 100 != 2)
		log_warn("tokens_not_used", LOG_S("provider", t->p.id), LOG_S("connection", t->found.id),
			 LOG_N("status", status));
	if (status == 401)
		turn_give(t, want_work, wanted);
	else
		turn_free(t, false);
}

static bool use(struct turn *t)
{
	struct err err;

	if (!provider_identity_request(&t->p, t->answer.access_token, t->arena, &t->request))
		return false;
	spool_drop(t->spool, &t->file, false);
	turn_tell(t);
	t->call = (struct outbound_call){
		.provider = t->p.id, .what = CALL_IDENTIFY, .method = t->request.method, .url = t->request.url,
		.headers = t->request.headers, .kind = CALL_READS, .done = used, .arg = t,
	};
	return outbound_start(caller_outbound(t->caller), &t->call, &err);
}

/* --- stored ------------------------------------------------------------------------------------ */

static bool settle_work(struct op *op, struct caller_task *task, struct err *err_r)
{
	struct turn *t = task->arg;
	struct err err;

	/* what is not stored is said by the provider again */
	op_refresh_shut_budget(op, &t->p, &t->claim.c, t->shut_until, &err);
	if (!t->gave)
		return op_refresh_end(op, &t->p, &t->claim.c, &t->seen, err_r);
	if (!op_refresh_write(op, &t->answer, &t->written, err_r))
		return false;
	if (!t->written)
		log_info("tokens_outdated", LOG_S("provider", t->p.id), LOG_S("connection", t->found.id));
	return true;
}

static void settled(struct caller *c, struct caller_task *task)
{
	struct turn *t = task->arg;

	(void)c;
	if (!task->good && err_is_passing(&task->err)) {
		t->again_at = clock_monotonic() + AGAIN_MS;
		return;
	}
	if (!task->good)
		log_error("refresh_not_stored", LOG_S("provider", t->p.id), LOG_S("connection", t->found.id),
			  LOG_S("error", task->err.message));
	if (!task->good || !must_be_used(t) || !use(t))
		turn_free(t, !task->good && t->gave);
}

void turn_settle(struct turn *t)
{
	t->again_at = 0;
	turn_give(t, settle_work, settled);
}

void turns_settle_again(void)
{
	for (struct turn *t = turn_first(); t; t = t->next)
		if (t->again_at && clock_monotonic() >= t->again_at)
			turn_settle(t);
}
