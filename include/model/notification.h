/* model/notification.h - what a user is told about a connection to a provider. */
#ifndef PIERRE_MODEL_NOTIFICATION_H
#define PIERRE_MODEL_NOTIFICATION_H

#include "base/field.h"

struct notification {
	const char *id, *user_id, *tenant_id, *provider;
	bool success;
	const char *message;
	int64_t expires_at;            /* TIME_NONE = it means something for ever */
	int64_t read_at, created_at;
};
extern const struct field_schema notification_schema;   /* "Notification" */

#endif
