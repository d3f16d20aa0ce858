/*
 * store/fill.h - what migration 0010 left empty in the rows from before: each user who
 * is not pending gets a personal tenant, which has the user's id, each key the
 * personal tenant of its owner, each admin a role. A migration that did it would hold
 * its locks for seconds. Until a row is filled, a NULL or `user` means the same.
 *
 * Programs from before may still write such rows, so the walk begins again.
 */
#ifndef PIERRE_STORE_FILL_H
#define PIERRE_STORE_FILL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct db;

/* How far the walk has come; zeroed = at its start. */
struct fill {
	int kind;                /* which table */
	char after[UUID_TEXT];   /* the last id that was looked at; "" = none */
};

/* One step: a page of at most 500 rows, in a transaction when one of them has to be
 * filled. *n_r = rows that were; *end_r = the walk has reached its end, the next call
 * begins another. A host that finds another one filling does nothing. */
bool store_fill(struct db *db, struct fill *f, int64_t *n_r, bool *end_r, struct err *err_r);

#endif
