/* store/tenant.c - tenants and their owners: sql/common/tenant.sql. */
#include "config.h"

#include "store/sql.h"
#include "store/tenant.h"

static const struct field tenant_fields[] = {
	FIELD_AS("tenant_id", struct tenant, id, UUID, FIELD_REQUIRED, "The tenant",
	      .column = "id"),
	FIELD(struct tenant, name, TEXT, FIELD_REQUIRED, "What people call it"),
	FIELD(struct tenant, slug, TEXT, FIELD_REQUIRED, "Its name in addresses"),
	FIELD(struct tenant, plan, TEXT, FIELD_REQUIRED, "What was bought"),
	FIELD(struct tenant, created_at, TIME, FIELD_REQUIRED, "When it was made"),
	{ 0 },
};
const struct field_schema tenant_schema = FIELD_SCHEMA("Tenant", struct tenant, tenant_fields);

bool store_tenant_add(struct db *db, const struct tenant *t, const char *owner_id,
		      int64_t now, struct err *err_r)
{
	return db_write(db, SQL_TENANT_INSERT, DB_ARGS(db_text(t->id), db_text(t->name),
			db_text(t->slug), db_text(t->plan), db_time(t->created_at)),
			NULL, err_r) &&
	       db_write(db, SQL_TENANT_USER_INSERT, DB_ARGS(db_text(t->id),
			db_text(owner_id), db_text("owner"), db_time(now)), NULL, err_r);
}
