/*
 * store/sweep.h - rows whose time has passed go, a page of at most 500 at a time.
 */
#ifndef PIERRE_STORE_SWEEP_H
#define PIERRE_STORE_SWEEP_H

#include "base/err.h"
#include "model/audit.h"

struct db;

enum sweep_kind {
	SWEEP_INVITATIONS,       /* that ended, or were accepted and would have ended, before */
	SWEEP_PASSWORD_RESETS,   /* that ended before */
	SWEEP_TOKEN_USES,        /* calls of admin tokens from before */
	SWEEP_CLAIMS,            /* of requests with an Idempotency-Key, that expired before */
	SWEEP_CONNECTS,          /* attempts to connect that ended before */
	SWEEP__COUNT
};

/* One page, in a transaction with its event. *n_r = rows that went; 0 without a
 * transaction when there is none. */
bool store_sweep(struct db *db, enum sweep_kind kind, const struct audit_event *event,
		 int64_t before, int64_t *n_r, struct err *err_r);

#endif
