/*
 * store/claim_private.h - how store_commit() runs a change that has a claim. For
 * store/audit.c and store/claim.c only.
 */
#ifndef PIERRE_STORE_CLAIM_PRIVATE_H
#define PIERRE_STORE_CLAIM_PRIVATE_H

#include "db/transaction.h"
#include "model/audit.h"
#include "store/claim.h"

/* Run the transaction of an event that has a claim, up to its COMMIT.
 * True: event->claim->held. Only one change of a request can be held: ERR_INTERNAL. */
bool store_claim_hold(struct db *db, const struct audit_event *event, db_tx_fn *fn, void *arg,
		      struct err *err_r);
/* Inside that transaction, after the event: take the row. False: another request
 * has it, which claim->taken or claim->late says. */
bool store_claim_add(struct db *db, const struct audit_event *event, struct err *err_r);

#endif
