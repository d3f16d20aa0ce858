/* store/tenant.c - tenants and their owners: sql/common/tenant.sql. */
#include "config.h"

#include "db/query.h"
#include "store/sql.h"
#include "store/tenant.h"

bool store_tenant_add(struct db *db, const struct tenant *t, const char *owner_id,
		      int64_t now, struct err *err_r)
{
	return db_write(db, SQL_ROW(tenant_insert, &tenant_schema, t), NULL, err_r) &&
	       db_write(db, SQL_ARGS(tenant_user_insert, .tenant_id = db_text(t->id),
				     .user_id = db_text(owner_id), .role = db_text("owner"),
				     .now = db_time(now)), NULL, err_r);
}
