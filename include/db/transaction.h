/*
 * db/transaction.h - what is committed as a whole.
 */
#ifndef PIERRE_DB_TRANSACTION_H
#define PIERRE_DB_TRANSACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct db;

/* Free of outside effects: it may run several times. False = roll back. */
typedef bool db_tx_fn(struct db *db, void *arg, struct err *err_r);

/* True only after COMMIT was answered (or its outcome was resolved as
 * committed). SQLite: takes the writer lock (OFD lock on <db>.writer), then
 * BEGIN IMMEDIATE. Does not nest. */
bool db_transaction(struct db *db, db_tx_fn *fn, void *arg, struct err *err_r);
/* The same for what ends a right: it is tried also when db_has_space() says no. */
bool db_transaction_urgent(struct db *db, db_tx_fn *fn, void *arg, struct err *err_r);
/* The same for what may be left out, in a process that has other work than to wait: it waits
 * DB_BRIEF_MS at most, is not tried at all shortly after one that failed, and that it failed
 * opens no breaker. */
#define DB_BRIEF_MS 50
#define DB_BRIEF_PAUSE_MS 1000
bool db_transaction_brief(struct db *db, db_tx_fn *fn, void *arg, struct err *err_r);

/* The same, but true means that fn was done and that nothing is committed: the
 * transaction stays open, for statements and for one of the two calls below it. */
bool db_transaction_hold(struct db *db, bool urgent, db_tx_fn *fn, void *arg, struct err *err_r);
/* False: *again_r = all of it may be run again; ERR_UNCERTAIN: the answer to COMMIT was
 * lost, so look first whether it was done. */
bool db_held_commit(struct db *db, bool *again_r, struct err *err_r);
/* Roll it back; nothing when it is not open. */
void db_held_drop(struct db *db);

/* ms until the deadline. */
int64_t db_time_left(const struct db *db);

/* SQLite: is there space on the disk for the next checkpoint? Without it other
 * transactions are refused (ERR_UNAVAILABLE, reason "disk_full"), so that the blocks
 * that a checkpoint left to the log serve those that end a right. PostgreSQL: true,
 * since the server checks its own disk. */
bool db_has_space(struct db *db, struct err *err_r);

#endif
