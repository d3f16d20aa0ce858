/* model/notification.c - fields of what a user is told. */
#include "config.h"

#include "model/notification.h"

static const struct field notification_fields[] = {
	FIELD(struct notification, id, UUID, 0, "Id of the notification"),
	FIELD(struct notification, user_id, UUID, FIELD_PRIVATE, NULL),
	FIELD(struct notification, tenant_id, UUID, FIELD_PRIVATE, NULL),
	FIELD(struct notification, provider, TEXT, 0, "The provider that it is about"),
	FIELD(struct notification, success, BOOL, 0, "Whether it is good news"),
	FIELD(struct notification, message, TEXT, 0, "What happened, for a person"),
	FIELD(struct notification, expires_at, TIME, FIELD_NULLABLE,
	      "It means nothing any more from here on; null: it always does"),
	FIELD(struct notification, read_at, TIME, FIELD_NULLABLE, "When it was read"),
	FIELD(struct notification, created_at, TIME, 0, "When it was written"),
	{ 0 },
};
const struct field_schema notification_schema =
	FIELD_SCHEMA("Notification", struct notification, notification_fields);
