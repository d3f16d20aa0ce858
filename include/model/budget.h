/*
 * model/budget.h - what was asked of a provider in one window, and how that is shown. Which
 * budgets a provider has: struct provider_budget (model/provider.h).
 */
#ifndef PIERRE_MODEL_BUDGET_H
#define PIERRE_MODEL_BUDGET_H

#include "base/field.h"

#define BUDGET_SHUT "shut"     /* a row that says: nothing before ends_at */

struct budget_row {
	const char *subject;       /* a letter and the id: "a..." an application, "c..." a connection */
	const char *part;          /* provider_budget.of, or BUDGET_SHUT */
	int64_t seconds, window_id;
	int64_t used;
	int64_t ends_at;
};
extern const struct field_schema budget_row_schema;

/* One budget of an application, for operators. */
struct budget_state {
	const char *provider, *client_id;
	const char *budget;        /* as the provider's row has it: "read 100/quarter"; NULL = none */
	int64_t used, resets_at;   /* of the window that runs */
	int64_t shut_until;        /* TIME_NONE: it is not shut */
};
extern const struct field_schema budget_state_schema;

#endif
