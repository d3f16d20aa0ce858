/*
 * store/user.h - users, tenants, memberships: rows and typed calls.
 */
#ifndef PIERRE_STORE_USER_H
#define PIERRE_STORE_USER_H

#include "base/field.h"

struct user {
	const char *id, *email, *email_key, *display_name, *password_hash;
	const char *tier;          /* starter | professional | enterprise */
	const char *tenant_id;     /* NULL until one is given */
	const char *user_status;   /* pending | active | suspended */
	bool is_admin;
	const char *approved_by;
	int64_t approved_at, created_at, updated_at, last_active;
};
extern const struct field_schema user_schema;   /* "User" */

struct tenant {
	const char *id, *name, *slug, *plan;
	int64_t created_at;
};
extern const struct field_schema tenant_schema;  /* "Tenant" {tenant_id, name, slug, plan, created_at} */

#endif
