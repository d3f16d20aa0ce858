/* store/notification.h - what users are told. */
#ifndef PIERRE_STORE_NOTIFICATION_H
#define PIERRE_STORE_NOTIFICATION_H

#include "base/err.h"
#include "model/audit.h"
#include "model/notification.h"

struct db;

/* In a transaction, with the change that it tells of. */
bool store_notification_add(struct db *db, const struct notification *in, struct err *err_r);
/* By itself. */
bool store_notification_create(struct db *db, const struct audit_event *event,
			       const struct notification *in, struct err *err_r);

#endif
