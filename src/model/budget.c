/* model/budget.c - fields of what was asked of a provider. */
#include "config.h"

#include "model/budget.h"

static const struct field row_fields[] = {
	FIELD(struct budget_row, subject, TEXT, 0, NULL),
	FIELD(struct budget_row, part, TEXT, 0, NULL),
	FIELD(struct budget_row, seconds, INT, 0, NULL),
	FIELD(struct budget_row, window_id, INT, 0, NULL),
	FIELD(struct budget_row, used, INT, 0, NULL),
	FIELD(struct budget_row, ends_at, TIME, 0, NULL),
	{ 0 },
};
const struct field_schema budget_row_schema =
	FIELD_SCHEMA("BudgetRow", struct budget_row, row_fields);

static const struct field state_fields[] = {
	FIELD(struct budget_state, provider, TEXT, 0, "The provider"),
	FIELD(struct budget_state, client_id, TEXT, 0, "The application's id there"),
	FIELD(struct budget_state, budget, TEXT, FIELD_NULLABLE,
	      "Most requests of one window; null: none is known"),
	FIELD(struct budget_state, used, INT, FIELD_NULLABLE, "Requests in the window that runs"),
	FIELD(struct budget_state, resets_at, TIME, FIELD_NULLABLE, "When the next window begins"),
	FIELD(struct budget_state, shut_until, TIME, FIELD_NULLABLE,
	      "The provider has refused more before this moment; null: it has not"),
	{ 0 },
};
const struct field_schema budget_state_schema =
	FIELD_SCHEMA("BudgetState", struct budget_state, state_fields);
