/*
 * worker/caller_code.c - a code is redeemed. It can be spent once, and what it gives comes
 * once: so its answer has a place in the spool before the provider is asked, and is there
 * before anything else is done with it, as that of a refresh (op/refresh.h).
 */
#include "config.h"

#include "base/clock.h"
#include "base/log.h"
#include "op/connect.h"
#include "worker/caller_errand.h"

static bool give_up(struct op *op, struct errand *e, const char *why)
{
	struct err err;

	if (!op_redemption_fail(op, &e->redemption.state, &e->p, OUTCOME_FAILED, why, NULL, &err))
		log_error("attempt_not_ended", LOG_S("provider", e->p.id), LOG_S("error", err.message));
	return false;
}

static bool give_up_late(struct op *op, struct errand *e, struct err *err_r)
{
	log_warn("code_not_redeemed", LOG_S("provider", e->p.id), LOG_S("reason", "too_late"));
	err_set(err_r, ERR_CONFLICT, "The code waited longer than it lives");
	return give_up(op, e, arena_printf(e->arena, "the code that it gave lives for %lld s, and waited longer here, so "
					   "it was not sent. Connect again", (long long)e->p.code_ttl));
}

static bool code_claim(struct op *op, struct errand *e, struct err *err_r)
{
	if (!op_redemption_claim(op, e->id, &e->redemption, err_r))
		return err_r->kind != ERR_NOT_FOUND && e->redemption.state.id
			? give_up(op, e, "what was kept of it could not be read. Connect again") : false;
	if (op_redemption_is_late(&e->redemption, &e->p, clock_now()))
		return give_up_late(op, e, err_r);
	return spool_reserve(caller_spool(), e->id, ANSWER_OF_CODE, &e->file, err_r) ||
	       give_up(op, e, "there is no room here for what it would give, so it was not asked. Try again later");
}

static bool code_request(struct errand *e)
{
	const struct redemption *r = &e->redemption;
	const struct provider_client client = { r->app.client_id, r->client_secret };

	provider_code_request(&e->p, &client, r->code, r->state.redirect_uri, r->verifier, e->arena,
			      &e->request);
	return true;
}

/* When the disk fails after all, the errand itself keeps the answer. */
static void code_keep(struct errand *e)
{
	struct provider_reply *reply = &e->reply;
	struct err err;

	*reply = (struct provider_reply){ .outcome = e->refused ? REPLY_LIMITED : REPLY_UNAVAILABLE,
					  .reason = errand_silence(e), .until = TIME_NONE };
	if (errand_answered(e))
		provider_reply_read(&e->p, &e->answer, e->arena, reply);
	if (reply->outcome == REPLY_LIMITED)
		e->shut_until = reply->until;
	if (reply->outcome == REPLY_OK && !reply->access_token)
		reply->outcome = REPLY_UNREADABLE;
	if (reply->outcome != REPLY_OK)
		return;
	e->gave = redemption_answer_of(&e->redemption, reply, e->answer.now, e->arena);
	if (!spool_write(caller_spool(), &e->file, &e->gave, e->arena, &err))
		log_error("spool_not_written", LOG_S("provider", e->p.id), LOG_S("error", err.message));
}

/* The file goes as soon as the tokens are in the database. */
static bool code_save(struct op *op, struct errand *e, struct err *err_r)
{
	const struct refresh_answer *a = &e->gave;
	bool written;

	if (!op_redemption_save(op, &e->p, a, true, &e->due.c, &written, err_r))
		return false;
	spool_drop(caller_spool(), &e->file, false);
	e->due.tokens = (struct connection_tokens){ a->access_token, a->refresh_token };
	e->gave.id = NULL;
	if (written)
		e->next = &errand_identify;
	return true;
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
	const struct provider_reply *reply = &e->reply;
	const struct app_refusal broken = { &e->redemption.app, reply->reason };

	if (e->gave.id)
		return code_save(op, e, err_r);
	log_warn("code_not_redeemed", LOG_S("provider", e->p.id), LOG_S("reason", reply->reason));
	return op_redemption_fail(op, &e->redemption.state, &e->p, refusals[reply->outcome].outcome,
				  refusals[reply->outcome].why,
				  reply->outcome == REPLY_APP_BROKEN ? &broken : NULL, err_r);
}

const struct errand_kind errand_redeem = { CALL_REDEEM, code_claim, code_request, code_keep, code_apply,
					   .spends = CALL_SPENDS, .auth = true, .soon = true };
