/* op/notification.h - what users are told. */
#ifndef PIERRE_OP_NOTIFICATION_H
#define PIERRE_OP_NOTIFICATION_H

#include "model/notification.h"
#include "op/op.h"

/* A new one for a user in a tenant; it is written with the change that it tells of
 * (store/notification.h). */
struct notification notification_prepare(const struct op *op, const char *user_id,
					 const char *tenant_id, const char *provider, bool success,
					 const char *message);

/* One that no other change is written with: user_id, tenant_id, provider, success, message
 * and expires_at of in. */
bool op_notification_add(struct op *op, const struct notification *in, struct notification *out,
			 struct err *err_r);

#endif
