/*
 * model/claim.h - the claim of a request with an Idempotency-Key: a row that it takes
 * before it makes something, and that holds the reply for those that repeat it.
 */
#ifndef PIERRE_MODEL_CLAIM_H
#define PIERRE_MODEL_CLAIM_H

#include "base/field.h"

struct token_use;

/* An id whose change is told once the claim is committed. */
struct claim_change {
	const char *id;
	struct claim_change *next;
};

struct claim {
	const char *owner_id, *key_hash, *route, *fingerprint;
	int64_t status;
	const char *sealed_reply, *event_id;
	int64_t created_at, expires_at;
	const char *made;              /* of a row that was read: what its event names, or NULL */

	/* no columns: this request */
	bool held;                     /* the change was made, and is not committed yet */
	bool taken;                    /* another request has committed the row */
	bool late;                     /* another request had it until the deadline */
	struct token_use *use;         /* that is committed with it; NULL = none */
	struct claim_change *changes;
};
extern const struct field_schema claim_schema;   /* "Claim" */

#endif
