/*
 * op/claim.h - requests with an Idempotency-Key: the change and the reply that tells of it
 * are committed together, so that a repeat within a day gets the same reply and changes
 * nothing (draft-ietf-httpapi-idempotency-key-header-07).
 *
 * With op->claim set the first success that op_audit() tells of is the claim's: its
 * transaction is done and then held, while the caller makes the reply. A claim is of the
 * user or admin token who acts, in its tenant.
 *
 * A repeat gets the reply as it was: what the operation itself judges (a role, a limit, the
 * state of a record) is not judged again, and what the reply tells of may have ended since,
 * as a reset token that was spent. Guards and the state of the caller are judged each time.
 */
#ifndef PIERRE_OP_CLAIM_H
#define PIERRE_OP_CLAIM_H

#include "model/claim.h"
#include "op/op.h"

#define CLAIM_KEY_MAX 255
#define CLAIM_KEPT_MS DAY_MS

/* Sets op->claim, which lives in op->arena. request: what a repeat has the same of, n bytes.
 * ERR_INTERNAL: nobody acts, or the process has no key for replies. */
bool op_claim_begin(struct op *op, const char *key, const char *route, const char *request,
		    size_t n, struct err *err_r);

struct claim_reply {
	int64_t status;
	const char *text;              /* n bytes, for the caller to give a form */
	size_t n;
};
/* Was this request answered before? *found_r. ERR_INVALID reason other_request: the key is
 * that of another request. ERR_CONFLICT reason reply_gone: it was, and no key opens the
 * reply any more; op->claim->made is what it made. */
bool op_claim_find(struct op *op, struct claim_reply *out, bool *found_r, struct err *err_r);

/* What is held is committed with this reply. False: nothing is held any more; *again_r: the
 * request may be run again, from op_claim_find() on. */
bool op_claim_commit(struct op *op, const struct claim_reply *reply, bool *again_r,
		     struct err *err_r);
/* Roll back what is held, if anything is. */
void op_claim_drop(struct op *op);
/* Of a change that failed because another request had the row until the deadline:
 * ERR_CONFLICT reason in_progress. Otherwise *err_r stays. Returns false. */
bool op_claim_refused(const struct op *op, struct err *err_r);

#endif
