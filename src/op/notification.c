/* op/notification.c - what users are told. */
#include "config.h"

#include "auth/auth.h"
#include "op/audit.h"
#include "op/notification.h"
#include "store/notification.h"

struct notification notification_prepare(const struct op *op, const char *user_id,
					 const char *tenant_id, const char *provider, bool success,
					 const char *message)
{
	char id[UUID_TEXT];

	random_uuid(id);
	return (struct notification){
		.id = arena_strdup(op->arena, id), .user_id = user_id, .tenant_id = tenant_id,
		.provider = provider, .success = success, .message = message,
		.expires_at = TIME_NONE, .read_at = TIME_NONE, .created_at = op->now,
	};
}

bool op_notification_add(struct op *op, const struct notification *in, struct notification *out,
			 struct err *err_r)
{
	struct audit_event event;

	*out = notification_prepare(op, in->user_id, in->tenant_id, in->provider, in->success, in->message);
	out->expires_at = in->expires_at;
	event = op_audit(op, AUDIT_NOTIFIED, out->id);
	event.tenant_id = out->tenant_id;
	return store_notification_create(op->db, &event, out, err_r);
}
