/*
 * op/audit_link.h - the linker of the audit trail. An event waits from its commit on
 * (audit_pending); the scheduler of one host appends it to its chain, beside the
 * path of those who write.
 */
#ifndef PIERRE_OP_AUDIT_LINK_H
#define PIERRE_OP_AUDIT_LINK_H

#include "auth/subkey.h"
#include "model/audit_chain.h"
#include "op/op.h"

/* Of one scheduler; begins with its key and host, the rest zeroed. */
struct audit_linker {
	const struct subkey *key;   /* SUBKEY_AUDIT_HEAD */
	const char *host_id;        /* as the lease names it */
	int64_t unchained;          /* events that are older than the chain, while it has not begun */
	bool counted;               /* that is known */
	int64_t waits_since;        /* moment of the oldest event that waited; TIME_NONE = none */
};

/* Link a batch, when events wait and no other host has the lease; the first time only
 * see how many events are older. *more_r: there is more to do. False: nothing was linked, and the next call begins where this one did. */
bool op_audit_link(struct op *op, struct audit_linker *l, bool *more_r, struct err *err_r);

/* Was the head written with this key? */
bool audit_head_holds(const struct subkey *key, const struct audit_head *head,
		      struct arena *arena);

#endif
