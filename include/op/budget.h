/*
 * op/budget.h - what an application may still ask of its provider: `budgets` of the
 * provider's row, counted exactly for all hosts together. Who sends a request with a
 * provider's tokens takes from them first; the provider's own refusal shuts them.
 *
 * A window is aligned with UTC: a quarter of an hour begins at :00, :15, :30 and :45, a day
 * at midnight. A provider whose windows begin elsewhere refuses once, and that shuts the
 * budget to the moment which it names.
 *
 * Each take is a read and, unless that refuses, a commit: no budget is leased ahead, as
 * limits are (op/limit.h), since a provider's refusal must stop every host at once, and a
 * request to a provider costs far more than a commit. On PostgreSQL that commit does not wait
 * for the disk (sql/pgsql/budget.sql); one that shuts does.
 */
#ifndef PIERRE_OP_BUDGET_H
#define PIERRE_OP_BUDGET_H

#include "model/budget.h"
#include "model/connection.h"
#include "model/provider.h"
#include "model/provider_app.h"
#include "op/op.h"

#define BUDGET_SHUT_MOST_MS DAY_MS   /* what is shut for longer is a mistake */

/* A request to a provider. */
struct budget_call {
	const struct provider *p;
	const char *app_id;          /* NULL: not known, so only the connection counts and is shut */
	const char *connection_id;   /* whose token goes with it; NULL = none */
	bool reads;                  /* GET or HEAD */
	bool auth;                   /* it goes to a token endpoint: some providers do not count that */
	const char *what;            /* for the log: "refresh" */
};

/* The application that a request with this access token counts for: the one that the provider gave it
 * to, for a code or by a refresh, which it does for no other. NULL: its owner brought it, and nothing
 * shows whose it is; with one of another application he could shut this one for all others. */
const char *budget_app_of(const struct connection *c);

/* One request of every budget that applies, or of none. False: ERR_RATE, with retry_after
 * and reason provider_budget (used up) or provider_shut, and *until_r (wall ms; may be NULL)
 * is when it may be tried again; ERR_UNAVAILABLE: they cannot be counted, so nothing may be
 * sent. */
bool op_budget_take(struct op *op, const struct budget_call *call, int64_t *until_r,
		    struct err *err_r);

/* The provider has refused more before `until` (wall ms, of reply_shut_until()); nothing, when
 * that is TIME_NONE or past. Where a budget is for each user or token, that of this connection
 * is shut; else that of the application, for all who use it. The log says so: provider_shut. */
bool op_budget_shut(struct op *op, const struct budget_call *call, int64_t until,
		    struct err *err_r);

/* The provider was wrong, or has changed its mind: the application is shut no more, and refreshes
 * that wait for it are tried at once. named: a provider, for the server's own application, or the
 * id of any application. What our own budgets say stays. ERR_NOT_FOUND. */
bool op_budget_reopen(struct op *op, const char *named, struct provider_app *out,
		      struct err *err_r);

/* How the applications stand that are the server's own: of struct budget_state. */
bool op_budget_list(struct op *op, const struct providers *providers, struct field_list *out,
		    struct err *err_r);

#endif
