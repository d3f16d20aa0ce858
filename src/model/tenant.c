/* model/tenant.c - fields of a tenant. */
#include "config.h"

#include "model/tenant.h"
#include "model/user.h"

static const struct field tenant_fields[] = {
	FIELD_AS("tenant_id", struct tenant, id, UUID, FIELD_REQUIRED, "The tenant",
	      .column = "id"),
	FIELD(struct tenant, name, TEXT, FIELD_REQUIRED, "What people call it"),
	FIELD(struct tenant, slug, TEXT, FIELD_REQUIRED, "Its name in addresses"),
	FIELD(struct tenant, plan, TEXT, FIELD_REQUIRED, "What was bought",
	      .values = user_tier_words),
	FIELD(struct tenant, created_at, TIME, FIELD_REQUIRED, "When it was made"),
	{ 0 },
};
const struct field_schema tenant_schema = FIELD_SCHEMA("Tenant", struct tenant, tenant_fields);
