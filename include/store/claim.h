/*
 * store/claim.h - claims (model/claim.h): a change that has one stays uncommitted until
 * its reply is stored beside it, so both are there or neither.
 */
#ifndef PIERRE_STORE_CLAIM_H
#define PIERRE_STORE_CLAIM_H

#include "base/arena.h"
#include "base/err.h"
#include "model/claim.h"

struct db;

/* Store the reply that claim->status and sealed_reply are, and commit. Nothing is held any
 * more, also when this fails; *again_r: the whole request may be run again. ERR_UNCERTAIN:
 * then store_claim_find() knows whether it was done. */
bool store_claim_commit(struct db *db, struct claim *claim, bool *again_r, struct err *err_r);
/* Roll back what is held, if anything is. */
void store_claim_drop(struct db *db, struct claim *claim);

/* The row that lives at `now`; ERR_NOT_FOUND. */
bool store_claim_find(struct db *db, const char *owner_id, const char *key_hash, int64_t now,
		      struct arena *arena, struct claim *out, struct err *err_r);

#endif
