/*
 * store/budget.h - what was asked of providers, one row a subject, budget and window.
 * `db` is the handle of store/quota.h: on SQLite a file of its own, so that no other change
 * makes a request to a provider wait.
 */
#ifndef PIERRE_STORE_BUDGET_H
#define PIERRE_STORE_BUDGET_H

#include "base/arena.h"
#include "model/budget.h"

struct db;

/* Of struct budget_row: what has not ended, of either subject; NULL = none. */
bool store_budget_list(struct db *db, const char *app, const char *connection, int64_t now,
		       struct arena *arena, struct field_list *out, struct err *err_r);

struct budget_part {
	struct budget_row row;       /* `used` is not read */
	int64_t limit;
};
/* One request of each, or of none: *full_r is the first that has no more, NULL = they were
 * taken. In the order of sql/common/budget.sql, each once. A take whose COMMIT was not
 * answered counts. */
bool store_budget_take(struct db *db, const struct budget_part *all, size_t n,
		       const struct budget_part **full_r, struct err *err_r);

/* Nothing before `until`; an earlier moment changes nothing (*later_r false), unless what is
 * there is later than `longest`. */
bool store_budget_shut(struct db *db, const char *subject, int64_t until, int64_t longest,
		       bool *later_r, struct err *err_r);

/* It is shut no more. */
bool store_budget_reopen(struct db *db, const char *subject, struct err *err_r);

/* Rows that ended an hour before now or earlier, in pages. */
bool store_budget_sweep(struct db *db, int64_t now, int64_t *n_r, struct err *err_r);

#endif
