/* store/tenant.c - tenants and their owners: sql/common/tenant.sql. */
#include "config.h"

#include "store/sql.h"
#include "store/tenant.h"

static const struct field tenant_fields[] = {
	{ .name = "tenant_id", .column = "id", .type = FIELD_UUID, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct tenant, id), .sentence = "The tenant" },
	{ .name = "name", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct tenant, name), .sentence = "What people call it" },
	{ .name = "slug", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct tenant, slug), .sentence = "Its name in addresses" },
	{ .name = "plan", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct tenant, plan), .sentence = "What was bought" },
	{ .name = "created_at", .type = FIELD_TIME, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct tenant, created_at), .sentence = "When it was made" },
	{ .name = NULL },
};
const struct field_schema tenant_schema = {
	"Tenant", sizeof(struct tenant), tenant_fields, 0,
};

bool store_tenant_add(struct db *db, const struct tenant *t, const char *owner_id,
		      int64_t now, struct err *err_r)
{
	return db_write(db, SQL_TENANT_INSERT, DB_ARGS(db_text(t->id), db_text(t->name),
			db_text(t->slug), db_text(t->plan), db_time(t->created_at)),
			NULL, err_r) &&
	       db_write(db, SQL_TENANT_USER_INSERT, DB_ARGS(db_text(t->id),
			db_text(owner_id), db_text("owner"), db_time(now)), NULL, err_r);
}
