/* store/notification.c - what users are told: notification.sql. */
#include "config.h"

#include "db/query.h"
#include "store/notification.h"
#include "store/sql.h"

bool store_notification_add(struct db *db, const struct notification *in, struct err *err_r)
{
	return db_write(db, SQL_ROW(notification_insert, &notification_schema, in), NULL, err_r);
}
