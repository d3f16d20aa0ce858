/* store/sweep.c - a row for each kind: what looks for old rows, and what deletes a page. */
#include "config.h"

#include "db/query.h"
#include "store/audit.h"
#include "store/sql.h"
#include "store/sweep.h"

struct statement {
	int stmt;
	const struct db_value *args;
	size_t n;
};

struct page {
	struct statement delete;
	int64_t n;
};

static bool delete_tx(struct db *db, void *arg, struct err *err_r)
{
	struct page *p = arg;

	return db_write(db, p->delete.stmt, p->delete.args, p->delete.n, &p->n, err_r);
}

bool store_sweep(struct db *db, enum sweep_kind kind, const struct audit_event *event,
		 int64_t before, int64_t *n_r, struct err *err_r)
{
	const struct db_value at = db_time(before);
	const struct { struct statement look, delete; } kinds[SWEEP__COUNT] = {
		[SWEEP_INVITATIONS] = { { SQL_ARGS(invitation_old, .before = at) },
					{ SQL_ARGS(invitation_sweep, .before = at) } },
		[SWEEP_PASSWORD_RESETS] = { { SQL_ARGS(password_reset_old, .before = at) },
					    { SQL_ARGS(password_reset_sweep, .before = at) } },
		[SWEEP_TOKEN_USES] = { { SQL_ARGS(token_use_old, .before = at) },
				       { SQL_ARGS(token_use_sweep, .before = at) } },
		[SWEEP_CLAIMS] = { { SQL_ARGS(claim_old, .before = at) },
				   { SQL_ARGS(claim_sweep, .before = at) } },
		[SWEEP_CONNECTS] = { { SQL_ARGS(connect_old, .before = at) },
				     { SQL_ARGS(connect_sweep, .before = at) } },
	};
	const struct statement *look = &kinds[kind].look;
	struct page p = { .delete = kinds[kind].delete };

	*n_r = 0;
	if (!db_number(db, look->stmt, look->args, look->n, &p.n, err_r) ||
	    (p.n > 0 && !store_commit(db, event, delete_tx, &p, err_r)))
		return false;
	*n_r = p.n;
	return true;
}
