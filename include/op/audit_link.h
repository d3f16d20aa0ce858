/*
 * op/audit_link.h - the linker of the audit trail. An event waits from its commit on
 * (audit_pending); the scheduler of one host appends it to its chain, beside the
 * path of those who write.
 *
 * A head that was not written with the key, or is not that of the last link, is never gone
 * on from: its chain is broken, and its events wait, while the other chains go on. It is looked at again after a while.
 */
#ifndef PIERRE_OP_AUDIT_LINK_H
#define PIERRE_OP_AUDIT_LINK_H

#include "auth/master.h"
#include "model/audit_chain.h"
#include "op/op.h"

#define AUDIT_BROKEN_MAX 100   /* more than that are no accident: then nothing is linked */

/* Of one scheduler; begins with its keys and host, the rest zeroed. */
struct audit_linker {
	const struct master_subkeys *keys;   /* SUBKEY_AUDIT_HEAD */
	const char *host_id;        /* as the lease names it */
	int64_t unchained;          /* events that are older than the chain, while it has not begun */
	bool counted;               /* that is known */
	int64_t waits_since;        /* moment of the oldest event that waited, but for broken chains, or
				     * since when that cannot be read; TIME_NONE = none */
	size_t batch;               /* events at once: fewer after one that came too late; 0 = AUDIT_PAGE */
	char broken[AUDIT_BROKEN_MAX][UUID_TEXT];   /* these chains */
	size_t n_broken;
	int64_t retry_at;           /* when they are looked at again */
};

/* Link a batch, when events wait and no other host has the lease; the first time only
 * see how many events are older. *more_r: there is more to do. False: nothing was linked,
 * and the next call begins where this one did. */
bool op_audit_link(struct op *op, struct audit_linker *l, bool *more_r, struct err *err_r);

/* Was the head written with this key? */
bool audit_head_holds(const struct subkey *key, const struct audit_head *head,
		      struct arena *arena);

#endif
