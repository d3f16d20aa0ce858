/* worker/caller_identify.c - it is asked whose tokens are; then what is due once. */
#include "config.h"

#include "base/log.h"
#include "base/str.h"
#include "op/connect.h"
#include "worker/caller_errand.h"

/* e->due.c is of this account, or of none (NULL). Connected, something may be due. */
static bool settle(struct op *op, struct errand *e, const char *account, struct err *err_r)
{
	const char *outcome;

	if (!op_connection_identify(op, &e->p, &e->due.c, account, &outcome, err_r))
		return false;
	if (str_eq(outcome, OUTCOME_CONNECTED) && e->p.after_connect_url)
		e->next = &errand_after;
	return true;
}

/* Some say it with the tokens. */
static bool identify_request(struct errand *e)
{
	return !e->due.c.provider_user_id &&
	       provider_identity_request(&e->p, e->due.tokens.access_token, e->arena, &e->request);
}

static bool identify_apply(struct op *op, struct errand *e, struct err *err_r)
{
	const char *account = NULL;

	if (!e->called)
		return settle(op, e, e->due.c.provider_user_id, err_r);
	if (errand_answered(e) && e->answer.status / 100 == 2)
		account = reply_identity(&e->p, e->answer.body, e->answer.body_len, e->arena);
	if (account)
		return settle(op, e, account, err_r);
	return op_connection_unidentified(op, &e->p, &e->due.c, errand_answered(e) ? "no_identity" : errand_silence(e),
					  err_r);
}

static bool identify_put_off(struct op *op, struct errand *e, struct err *err_r)
{
	return op_connection_unidentified(op, &e->p, &e->due.c, "failed_here", err_r);
}

const struct errand_kind errand_identify = { CALL_IDENTIFY, errand_due_claim, identify_request, NULL,
					     identify_apply, identify_put_off, .spends = CALL_READS };

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
	if (!errand_answered(e) || (e->answer.status / 100 != 2 && e->answer.status != 409))
		log_warn("after_connect_failed", LOG_S("provider", e->p.id),
			 LOG_N("status", errand_answered(e) ? e->answer.status : 0));
	return true;
}

const struct errand_kind errand_after = { "after_connect", NULL, after_request, NULL, after_apply,
					  .spends = CALL_SPENDS };
