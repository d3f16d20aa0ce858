/* worker/refresh_call.c - a refresh from the claim to the answer. */
#include "config.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "worker/refresh_turn.h"

/* --- the call ------------------------------------------------------------------------------------ */

/* Before anything else. When the disk fails after all, the turn itself keeps the answer. */
static void keep_answer(struct turn *t)
{
	struct err err;

	if (!spool_write(t->spool, &t->file, &t->answer, t->arena, &err))
		log_error("spool_not_written", LOG_S("provider", t->p.id), LOG_S("error", err.message));
}

static void read_reply(struct turn *t, const struct outbound_reply *r)
{
	const struct provider_answer answer = {
		.status = r->status, .headers = r->headers, .body = r->body, .body_len = r->body_len,
		.refreshes = true, .now = clock_now(),
	};
	struct provider_reply reply;

	provider_reply_read(&t->p, &answer, t->arena, &reply);
	t->shut_until = reply.outcome == REPLY_LIMITED ? reply.until :
		reply_shut_until(&t->p, r->status, r->headers, answer.now);
	if (reply.outcome == REPLY_OK) {
		t->gave = true;
		t->answer = refresh_answer_of(&t->claim, &reply, answer.now, t->arena);
		keep_answer(t);
		return;
	}
	t->seen = (struct refresh_seen){ ENDED_ANSWERED, .outcome = reply.outcome, .status = r->status,
					 .until = reply.until, .reason = arena_strdup(t->arena, reply.reason),
					 .asked = &t->claim.app };
	log_warn("refresh_refused", LOG_S("provider", t->p.id), LOG_S("connection", t->found.id),
		 LOG_S("reason", reply.reason));
}

static void called(struct outbound_call *call)
{
	struct turn *t = call->arg;
	const struct outbound_reply *r = &call->reply;

	t->over = true;
	if (r->end == CALL_ANSWERED && r->sent) {
		read_reply(t, r);
	} else {
		t->seen = (struct refresh_seen){ r->sent ? ENDED_SILENT : ENDED_UNSENT, .until = TIME_NONE };
		log_warn("provider_not_reached", LOG_S("provider", t->p.id), LOG_S("what", "refresh"),
			 LOG_S("why", r->why ? r->why : "it answered before it was asked"));
	}
	if (!t->asks)
		turn_settle(t);
}

static bool sent_work(struct op *op, struct caller_task *task, struct err *err_r)
{
	struct turn *t = task->arg;

	return op_refresh_sent(op, &t->claim, err_r);
}

static void sent(struct caller *c, struct caller_task *task)
{
	struct turn *t = task->arg;

	(void)c;
	t->asks = false;
	if (t->over)
		turn_settle(t);
	else if (task->good)
		outbound_go(&t->call);
	else
		outbound_drop(&t->call);
}

static void ready(struct outbound_call *call)
{
	struct turn *t = call->arg;

	t->asks = true;
	turn_give(t, sent_work, sent);
}

static void start_call(struct turn *t)
{
	struct err err;

	t->client = (struct provider_client){ t->claim.app.client_id, t->claim.client_secret };
	provider_refresh_request(&t->p, &t->client, t->claim.tokens.refresh_token, t->arena, &t->request);
	t->call = (struct outbound_call){
		.provider = t->p.id, .what = CALL_REFRESH, .method = t->request.method, .url = t->request.url,
		.headers = t->request.headers, .body = t->request.body, .body_len = t->request.body_len,
		.kind = CALL_SPENDS, .held = true, .ready = ready, .done = called, .arg = t,
	};
	if (outbound_start(caller_outbound(t->caller), &t->call, &err))
		return;
	t->over = true;
	t->seen = (struct refresh_seen){ ENDED_UNSENT, .until = TIME_NONE };
	turn_settle(t);
}

/* --- claimed --------------------------------------------------------------------------------------- */

static bool claim_work(struct op *op, struct caller_task *task, struct err *err_r)
{
	struct turn *t = task->arg;
	struct op mine = turn_op(op, t);
	struct refresh_seen seen = { ENDED_NO_SPACE, .until = TIME_NONE };
	struct err other;

	if (!op_refresh_claim(&mine, &t->p, &t->found, &t->claim, err_r))
		return false;
	/* the budget last: what is taken from it is called for */
	if (spool_reserve(t->spool, t->claim.c.id, t->claim.c.refresh_gen, &t->file, err_r))
		return op_refresh_take_budget(&mine, &t->p, &t->claim.c, err_r);
	if (str_eq(err_r->reason, "no_spool"))
		seen.end = ENDED_NO_SPOOL;
	op_refresh_end(&mine, &t->p, &t->claim.c, &seen, &other);
	return false;
}

static void claimed(struct caller *c, struct caller_task *task)
{
	struct turn *t = task->arg;

	(void)c;
	if (task->good) {
		start_call(t);
		return;
	}
	if (task->err.kind == ERR_RATE)
		log_info("refresh_waits", LOG_S("provider", t->p.id), LOG_S("connection", t->found.id),
			 LOG_S("why", task->err.message));
	else if (task->err.kind != ERR_CONFLICT && task->err.kind != ERR_NOT_FOUND)
		log_error("refresh_not_begun", LOG_S("provider", t->p.id), LOG_S("connection", t->found.id),
			  LOG_S("error", task->err.message));
	turn_free(t, false);
}

void turn_begin(struct turn *t)
{
	turn_give(t, claim_work, claimed);
}
