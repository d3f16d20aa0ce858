/*
 * op/cache.h - credentials that were verified, shared by the processes of this
 * host, so that the next request with the same one reads no database.
 *
 * A row is found by the name that its kind gives it. It is used while the epochs of
 * the credential, its user and its tenant are the ones from before it was read: for five
 * minutes at most, and for 3 s while no process follows the changes of all hosts
 * (op/change.h). It holds what the database said: the caller judges secret, status and
 * expiry on every hit.
 *
 * The owner of a credential is only known after the SELECT, so one epoch counts all
 * changes: cache_mark_now() reads it before, and cache_store() keeps nothing when it has
 * moved since.
 */
#ifndef PIERRE_OP_CACHE_H
#define PIERRE_OP_CACHE_H

#include "op/credential.h"

/* What is kept of a credential, besides its owner (owner_schema). */
extern const struct field_schema cache_schema;

/* Always false when the process has no cache or no segment. What it fills is in op->arena. */
bool cache_find(const struct op *op, const struct credential_kind *kind, const char *name,
		struct credential *out);

/* Before the SELECT. */
struct cache_mark {
	uint32_t changes;
	int64_t at;              /* monotonic ms */
};
struct cache_mark cache_mark_now(const struct op *op);
/* After it; all is copied. */
void cache_store(const struct op *op, const char *name, struct cache_mark mark,
		 const struct credential *row);

/* A credential, user or tenant was changed: call it after the commit, also
 * when its outcome is not known. NULL: nothing. While a claim is held it waits for the
 * commit (op/claim.h). */
void op_changed(struct op *op, const char *id);

#endif
