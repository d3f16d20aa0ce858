/*
 * store/login_failure.h - counts of failed logins: typed calls.
 *
 * A row is kept for each (account, network), and one for the account as a
 * whole. Both are locked before anything is decided over them, so of many
 * attempts at once each sees what the ones before it counted.
 */
#ifndef PIERRE_STORE_LOGIN_FAILURE_H
#define PIERRE_STORE_LOGIN_FAILURE_H

#include "base/err.h"
#include "model/audit.h"
#include "model/login_failure.h"

struct db;

struct login_failure_rows {
	struct login_failure own;    /* this account from this network */
	struct login_failure total;  /* this account from all unknown networks */
};

/* A decision over the two rows, which it changes; they are then written. False
 * = nothing is. It may run several times and must do nothing else. */
typedef bool login_failure_fn(struct login_failure_rows *rows, void *arg,
			      struct err *err_r);

struct login_failure_update {
	const char *account_hash, *network;
	int64_t forget_at;           /* of a row that is made */
	login_failure_fn *fn;
	void *arg;
};

/* Without a lock; a row that is absent is all zero. */
bool store_login_failure_find(struct db *db, const char *account_hash,
			      const char *network, struct login_failure_rows *out,
			      struct err *err_r);
/* In a transaction of its own. It has no audit row: the attempt's outcome
 * has. Counted twice when COMMIT's answer is lost, which errs on the safe side. */
bool store_login_failure_update(struct db *db, const struct login_failure_update *c,
				struct err *err_r);
/* Inside a transaction that is already open. */
bool store_login_failure_apply(struct db *db, const struct login_failure_update *c,
			       struct err *err_r);
/* The audit row of a login that was refused, and with it `c` (NULL = no change:
 * the attempt stays counted). */
bool store_login_refused(struct db *db, const struct audit_event *event,
			 const struct login_failure_update *c, struct err *err_r);

#endif
