/*
 * op/refresh.h - a refresh that cannot burn a token. A connection has three numbers:
 * refresh_gen says who may call (a claim moves it, and an answer whose claim the database has
 * lost), tokens_gen whose answer is stored, connect_gen is moved by what makes an answer on its
 * way worthless.
 *
 *   1. op_refresh_claim(), committed: phase claimed, for 60 s by the database's clock
 *   2. a file for the answer is made in the spool (op/spool.h): no room, no call
 *   3. the connection stands, the body is held; op_refresh_sent(), committed: phase sent
 *   4. the body leaves
 *   5. the answer is in the spool, before anything else
 *   6. op_refresh_write(): it is stored unless a newer one is, also after another claim
 *   7. the file goes
 *
 * A caller that dies before 3 has spent nothing: its claim ends, and another is free. One that
 * dies between 4 and 5 leaves phase sent, of which op_refresh_silent() makes what the
 * provider's row allows. After 5 the caller that finds the file stores it.
 */
#ifndef PIERRE_OP_REFRESH_H
#define PIERRE_OP_REFRESH_H

#include "op/connection.h"
#include "op/refresh_rule.h"

struct providers;

/* Of struct connection: those that want a refresh, a few of each provider; refresh_due_of() says
 * what to do. ahead: mark those first that end soon. */
bool op_refresh_find(struct op *op, const struct providers *providers, bool ahead,
		     struct field_list *out, struct err *err_r);

/* A connection that this caller has, with what is needed to call for it. */
struct refresh_claim {
	struct connection c;              /* refresh_gen is that of the claim */
	struct connection_tokens tokens;
	struct provider_app app;
	const char *client_secret;
};
/* seen: as it was found. ERR_CONFLICT: another caller has it, or, where the provider wants one
 * after the other (p->serial), another one of its application. After another error the claim
 * ends with its lease. */
bool op_refresh_claim(struct op *op, const struct provider *p, const struct connection *seen,
		      struct refresh_claim *out, struct err *err_r);
/* One request of the application's budgets (op/budget.h). ERR_RATE: there is none, and the
 * claim has ended, until there is. */
bool op_refresh_take_budget(struct op *op, const struct provider *p, const struct connection *c,
			    struct err *err_r);
/* The provider wants no more until then; TIME_NONE: it did not say so. */
bool op_refresh_shut_budget(struct op *op, const struct provider *p, const struct connection *c,
			    int64_t until, struct err *err_r);
/* Before the body leaves. ERR_CONFLICT: it must not. */
bool op_refresh_sent(struct op *op, const struct refresh_claim *r, struct err *err_r);

/* A whole answer: what the spool has, so that anybody can store it. Of a code it is kept in
 * the same way: gen is ANSWER_OF_CODE, id is that of the attempt (op/connect_call.h). */
#define ANSWER_OF_CODE 0
struct refresh_answer {
	const char *id, *user_id, *tenant_id, *provider, *app_id;
	int64_t gen, connect_gen;
	const char *access_token;
	const char *refresh_token;
	int64_t expires_at;               /* TIME_NONE: not known */
	int64_t answered_at;
	const char *scopes;               /* blanks between; NULL: the reply does not say */
	/* of a code alone; else NULL */
	const char *client_id;            /* as the application was asked */
	const char *account;              /* whose they are; NULL: the reply does not say */
};
/* What the reply gives; what it leaves out is as it was sent. */
struct refresh_answer refresh_answer_of(const struct refresh_claim *r, const struct provider_reply *reply,
					int64_t now, struct arena *arena);
/* *written_r: false when newer tokens are there, or it was ended or set anew since; what came
 * too late for that is revoked where that ends nothing else. May be called again with the
 * same answer. */
bool op_refresh_write(struct op *op, const struct refresh_answer *a, bool *written_r,
		      struct err *err_r);

/* The call brought nothing. seen->app and seen->alone are filled here. */
bool op_refresh_end(struct op *op, const struct provider *p, const struct connection *c,
		    struct refresh_seen *seen, struct err *err_r);
/* What it has does not work: one more refresh. */
bool op_refresh_want(struct op *op, const char *id, struct err *err_r);
/* Which of these connections wait for a refresh, one that is under way too. */
bool op_refresh_awaited(struct op *op, struct strings ids, struct strings *out, struct err *err_r);
/* Phase sent, and its caller is gone: of c its id and refresh_gen, as they were found. */
bool op_refresh_silent(struct op *op, const struct provider *p, const struct connection *c,
		       struct err *err_r);

#endif
