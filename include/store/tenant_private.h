/*
 * store/tenant_private.h - the shape of a change under the tenant's lock. For
 * store/tenant.c and store/member.c only.
 */
#ifndef PIERRE_STORE_TENANT_PRIVATE_H
#define PIERRE_STORE_TENANT_PRIVATE_H

#include "store/tenant.h"

/* What is written once it was judged; arg: what the call was given. */
typedef bool tenant_write_fn(struct db *db, const struct tenant_tx *tx, const void *arg,
			     struct err *err_r);
struct tenant_change {
	const struct tenant_tx *tx;
	tenant_write_fn *write;
	const void *arg;
	bool defaults;           /* it also writes the users whose next login would be there */
};
bool tenant_locked_update(struct db *db, const struct audit_event *event, const struct tenant_change *c,
		   struct err *err_r);

#endif
