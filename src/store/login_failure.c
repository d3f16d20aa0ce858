/*
 * store/login_failure.c - login failures. The rows are locked in one order
 * (own, then total), so two logins never wait for each other in a circle. The
 * rule is op/throttle.c's.
 */
#include "config.h"

#include "base/arena.h"
#include "db/query.h"
#include "db/transaction.h"
#include "store/audit.h"
#include "store/login_failure.h"
#include "store/sql.h"

#define ALL_NETWORKS "*"

static const struct login_failure absent = {
	.first_at = TIME_NONE, .last_at = TIME_NONE, .blocked_until = TIME_NONE,
	.last_success_at = TIME_NONE, .forget_at = TIME_NONE,
};

/* The schema has no text, so no arena is needed. */
static bool read_row(struct db *db, int stmt, const struct db_value *args, size_t n,
		     struct login_failure *out, struct err *err_r)
{
	struct err err;

	*out = absent;
	if (db_get(db, stmt, args, n, &login_failure_schema, NULL, out, "", &err))
		return true;
	if (err.kind == ERR_NOT_FOUND)
		return true;
	*err_r = err;
	return false;
}

bool store_login_failure_find(struct db *db, const char *account_hash,
			      const char *network, struct login_failure_rows *out,
			      struct err *err_r)
{
	return read_row(db, SQL_ARGS(login_failure_find, .account_hash = db_text(account_hash),
				     .network = db_text(network)), &out->own, err_r) &&
		read_row(db, SQL_ARGS(login_failure_find, .account_hash = db_text(account_hash),
				      .network = db_text(ALL_NETWORKS)), &out->total, err_r);
}

static bool lock_row(struct db *db, const struct login_failure_update *c,
		     const char *network, struct login_failure *out, struct err *err_r)
{
	return read_row(db, SQL_ARGS(login_failure_lock, .account_hash = db_text(c->account_hash),
				     .network = db_text(network),
				     .forget_at = db_time(c->forget_at)), out, err_r);
}

static bool write_row(struct db *db, const struct login_failure_update *c,
		      const char *network, const struct login_failure *row,
		      struct err *err_r)
{
	return db_write(db, SQL_ROW(login_failure_set, &login_failure_schema, row,
				    .account_hash = db_text(c->account_hash),
				    .network = db_text(network)), NULL, err_r);
}

bool store_login_failure_apply(struct db *db, const struct login_failure_update *c,
			       struct err *err_r)
{
	struct login_failure_rows rows;

	return lock_row(db, c, c->network, &rows.own, err_r) &&
		lock_row(db, c, ALL_NETWORKS, &rows.total, err_r) &&
		c->fn(&rows, c->arg, err_r) &&
		write_row(db, c, c->network, &rows.own, err_r) &&
		write_row(db, c, ALL_NETWORKS, &rows.total, err_r);
}

struct update_of {
	const struct login_failure_update *change;
};

static bool update_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct update_of *tx = arg;

	return store_login_failure_apply(db, tx->change, err_r);
}

bool store_login_failure_update(struct db *db, const struct login_failure_update *c,
				struct err *err_r)
{
	return db_transaction(db, update_tx, &(struct update_of){ c }, err_r);
}

bool store_login_refused(struct db *db, const struct audit_event *event,
			 const struct login_failure_update *c, struct err *err_r)
{
	if (!c)
		return store_commit(db, event, NULL, NULL, err_r);
	return store_commit(db, event, update_tx, &(struct update_of){ c }, err_r);
}
