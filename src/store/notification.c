/* store/notification.c - what users are told: notification.sql. */
#include "config.h"

#include "db/query.h"
#include "store/audit.h"
#include "store/notification.h"
#include "store/sql.h"
#include "store/tenant.h"

bool store_notification_add(struct db *db, const struct notification *in, struct err *err_r)
{
	return db_write(db, SQL_ROW(notification_insert, &notification_schema, in), NULL, err_r);
}

static bool create_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct notification *in = *(const struct notification **)arg;

	return store_tenant_ensure(db, in->tenant_id, in->user_id, err_r) &&
	       store_notification_add(db, in, err_r);
}

bool store_notification_create(struct db *db, const struct audit_event *event,
			       const struct notification *in, struct err *err_r)
{
	return store_commit(db, event, create_tx, &in, err_r);
}
