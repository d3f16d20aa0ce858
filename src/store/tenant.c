/* store/tenant.c - tenants and their owners: sql/common/tenant.sql. */
#include "config.h"

#include "db/query.h"
#include "store/sql.h"
#include "store/tenant.h"

bool store_tenant_add(struct db *db, const struct tenant *t, const char *owner_id,
		      int64_t now, struct err *err_r)
{
	return db_write(db, SQL_TENANT_INSERT, DB_ARGS(db_text(t->id), db_text(t->name),
			db_text(t->slug), db_text(t->plan), db_time(t->created_at)),
			NULL, err_r) &&
	       db_write(db, SQL_TENANT_USER_INSERT, DB_ARGS(db_text(t->id),
			db_text(owner_id), db_text("owner"), db_time(now)), NULL, err_r);
}
