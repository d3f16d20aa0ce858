/*
 * model/tenant.h - a tenant.
 */
#ifndef PIERRE_MODEL_TENANT_H
#define PIERRE_MODEL_TENANT_H

#include "base/field.h"

struct tenant {
	const char *id, *name, *slug, *plan;
	int64_t created_at;
};
extern const struct field_schema tenant_schema;  /* "Tenant" {tenant_id, name, slug, plan, created_at} */

#endif
