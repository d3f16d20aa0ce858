/* store/budget.c - budgets at providers: typed calls over budget.sql. */
#include "config.h"

#include "db/query.h"
#include "db/transaction.h"
#include "store/budget.h"
#include "store/sql.h"

#define SWEEP_PAGE 500
#define SWEEP_AFTER_MS (3600 * SECOND_MS)

bool store_budget_list(struct db *db, const char *app, const char *connection, int64_t now,
		       struct arena *arena, struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_ARGS(budget_list, .app = db_text(app), .connection = db_text(connection),
				    .now = db_time(now)), &budget_row_schema, arena, out, err_r);
}

/* --- take ---------------------------------------------------------------------------- */

struct taking {
	const struct budget_part *all;
	size_t n;
	const struct budget_part *full;
};

static bool take(struct db *db, const struct budget_part *p, bool *taken_r, struct err *err_r)
{
	int64_t used;

	if (!db_number(db, SQL_ROW(budget_take, &budget_row_schema, &p->row, .limit = db_int(p->limit)),
		       &used, err_r))
		return false;
	*taken_r = used > 0;
	return true;
}

static bool take_tx(struct db *db, void *arg, struct err *err_r)
{
	struct taking *t = arg;
	bool taken;

	t->full = NULL;
	for (size_t i = 0; i < t->n; i++) {
		if (!take(db, &t->all[i], &taken, err_r))
			return false;
		if (!taken) {
			t->full = &t->all[i];   /* what was taken before it is rolled back */
			return err_set(err_r, ERR_RATE, "A budget is used up");
		}
	}
	return true;
}

bool store_budget_take(struct db *db, const struct budget_part *all, size_t n,
		       const struct budget_part **full_r, struct err *err_r)
{
	struct taking t = { .all = all, .n = n };
	bool done = n == 0 || db_transaction(db, take_tx, &t, err_r);

	*full_r = !done && err_r->kind == ERR_RATE ? t.full : NULL;
	return done || *full_r;
}

/* --- shut, sweep ----------------------------------------------------------------------- */

struct shutting {
	const char *subject;
	int64_t until, longest;
	int64_t n;
};

static bool shut_tx(struct db *db, void *arg, struct err *err_r)
{
	struct shutting *s = arg;

	return db_write(db, SQL_ARGS(budget_shut, .subject = db_text(s->subject),
				     .until = db_time(s->until), .longest = db_time(s->longest)),
			&s->n, err_r);
}

bool store_budget_shut(struct db *db, const char *subject, int64_t until, int64_t longest,
		       bool *later_r, struct err *err_r)
{
	struct shutting s = { subject, until, longest, 0 };
	bool done = db_transaction(db, shut_tx, &s, err_r);

	*later_r = done && s.n > 0;
	return done;
}

static bool reopen_tx(struct db *db, void *arg, struct err *err_r)
{
	return db_write(db, SQL_ARGS(budget_reopen, .subject = db_text(arg)), NULL, err_r);
}

bool store_budget_reopen(struct db *db, const char *subject, struct err *err_r)
{
	return db_transaction(db, reopen_tx, (void *)(uintptr_t)subject, err_r);
}

struct sweep {
	int64_t before, n;
};

static bool sweep_tx(struct db *db, void *arg, struct err *err_r)
{
	struct sweep *s = arg;

	return db_write(db, SQL_ARGS(budget_sweep, .before = db_time(s->before)), &s->n, err_r);
}

bool store_budget_sweep(struct db *db, int64_t now, int64_t *n_r, struct err *err_r)
{
	struct sweep s = { .before = now - SWEEP_AFTER_MS };

	*n_r = 0;
	do {
		if (!db_transaction(db, sweep_tx, &s, err_r))
			return false;
		*n_r += s.n;
	} while (s.n == SWEEP_PAGE);
	return true;
}
