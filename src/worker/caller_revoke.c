/* worker/caller_revoke.c - the provider is told of what was ended. */
#include "config.h"

#include "base/str.h"
#include "worker/caller_errand.h"

static bool revoke_request(struct errand *e)
{
	const struct connection_due *d = &e->due;
	const struct provider_client client = { d->has_app ? d->app.client_id : "",
						d->client_secret ? d->client_secret : "" };
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
	if (errand_answered(e) && is_final(e->answer.status))
		return op_connection_revoked(op, &e->p, c, e->answer.status < 300,
					     "it refused to end it, so look there", err_r);
	return op_connection_unrevoked(op, &e->p, c, "no_answer", err_r);
}

static bool revoke_put_off(struct op *op, struct errand *e, struct err *err_r)
{
	return op_connection_unrevoked(op, &e->p, &e->due.c, "failed_here", err_r);
}

const struct errand_kind errand_revoke = { "revoke", errand_due_claim, revoke_request, NULL, revoke_apply,
					   revoke_put_off, .spends = CALL_SPENDS, .auth = true, .urgent = true };
