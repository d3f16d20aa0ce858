/*
 * store/audit.h - the audit trail, and the one way to change the database.
 *
 * Every change is one transaction with its audit row. The row is inserted
 * first: when the answer to COMMIT is lost, the transaction runs again with
 * the same id, and a conflict on audit_events.id proves that the first run had
 * committed. So the event is made once, before the transaction (see
 * op/audit.h), and `fn` must not change it.
 */
#ifndef PIERRE_STORE_AUDIT_H
#define PIERRE_STORE_AUDIT_H

#include "base/arena.h"
#include "base/field.h"
#include "db/transaction.h"
#include "model/audit.h"

struct db_value;

/* One transaction: insert the event, then fn(db, arg, err). fn NULL = the
 * event alone. True = committed, or, of an event with a claim, done and held
 * (store/claim.h). fn may run several times; the rules of db_transaction() hold. */
bool store_commit(struct db *db, const struct audit_event *event, db_tx_fn *fn,
		  void *arg, struct err *err_r);

/* The same for one statement that touches one row: (stmt, args, n) is SQL_ARGS() or
 * SQL_ROW(). It returns that row by RETURNING, as it is after the change, or there is
 * no row to be had: STORE_NO_ROW. None touched: ERR_NOT_FOUND with `absent`, and
 * nothing is changed, nor told. After a lost answer to COMMIT the row is the one that
 * the first run read. */
#define STORE_NO_ROW NULL, NULL, NULL
bool store_commit_one(struct db *db, const struct audit_event *event, int stmt,
		      const struct db_value *args, size_t n, const struct field_schema *schema,
		      struct arena *arena, void *row_r, const char *absent, struct err *err_r);

/* A second event inside the fn of a store_commit(), for changes that are two
 * things at once (approval that also makes a tenant). */
bool store_audit_add(struct db *db, const struct audit_event *event, struct err *err_r);

#endif
