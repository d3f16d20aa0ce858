/*
 * op/audit_verify.h - is the audit trail what was written? Reads all of it, and
 * changes nothing.
 *
 * Each event since the chain began has its link, or waits for it not longer than
 * AUDIT_WAIT_MS. Each chain is 1, 2, ... without a gap; each link holds the hash of
 * the one before and of its event as it is now; the head names the last link and was
 * written with the key. A tail that was cut off with all that belongs to it, head
 * included, is found by heads that were kept elsewhere (`expected`). Erased events
 * (no pii_salt) are faults: nothing can erase yet.
 */
#ifndef PIERRE_OP_AUDIT_VERIFY_H
#define PIERRE_OP_AUDIT_VERIFY_H

#include "auth/subkey.h"
#include "model/audit_chain.h"
#include "op/op.h"

#define AUDIT_WAIT_MS 60000
#define AUDIT_FAULTS_MAX 100   /* shown; more are counted, of events without a link one more */

struct audit_fault {
	const char *chain;
	int64_t seq;               /* INT_NONE: not of one link */
	const char *event_id;      /* NULL: not of one event */
	const char *sentence;
};

struct audit_verified {
	int64_t chains, links;
	int64_t waiting;           /* events that have no link yet */
	int64_t unchained;         /* events that are older than the chain */
	int64_t faults;
	struct field_list found;   /* of struct audit_fault: the first ones */
};
extern const struct field_schema audit_verified_schema;

/* expected: of struct audit_head, of which chain, seq and hash count. True: it was
 * read to the end; out->faults says what came out. */
bool op_audit_verify(struct op *op, const struct subkey *key, const struct field_list *expected,
		     struct audit_verified *out, struct err *err_r);

/* Of struct audit_head: where all chains end. */
bool op_audit_heads(struct op *op, struct field_list *out, struct err *err_r);
/* The system's, and of those with a link since a moment the last ones, all in all `limit`. */
bool op_audit_heads_recent(struct op *op, int64_t since, int64_t limit, struct field_list *out,
			   struct err *err_r);

#endif
