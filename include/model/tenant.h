/*
 * model/tenant.h - a tenant, what one of its members sees of it, and the bodies that
 * make and change one.
 */
#ifndef PIERRE_MODEL_TENANT_H
#define PIERRE_MODEL_TENANT_H

#include "base/field.h"
#include "model/page.h"

#define TENANT_PERSONAL "personal"
#define TENANT_TEAM "team"
#define LIMIT_ENFORCE "enforce"
#define LIMIT_OBSERVE "observe"

struct tenant {
	const char *id, *name, *slug;
	const char *domain;            /* NULL = none */
	const char *plan;              /* a tier that users can have */
	const char *kind;              /* TENANT_PERSONAL | TENANT_TEAM */
	bool is_active;
	int64_t rate_limit_requests;   /* of all members together; INT_NONE = no ceiling */
	const char *rate_limit_period; /* NULL = month */
	const char *limit_mode;        /* LIMIT_ENFORCE | LIMIT_OBSERVE */
	int64_t deleted_at;            /* TIME_NONE = it was not */
	int64_t version, created_at, updated_at;
	/* of replies alone */
	const char *api_endpoint;
};
extern const struct field_schema tenant_schema;   /* "Tenant": as administrators see it */
#define TENANT_MADE FIELD_OWN_VIEW(0)
#define TENANT_ADMIN FIELD_OWN_VIEW(1)
#define TENANT_BRIEF FIELD_OWN_VIEW(2)
extern const struct field_schema tenant_create_schema, tenant_patch_schema, tenant_made_schema,
	tenant_brief_schema;
/* Options of `pierre tenant create`. */
#define TENANT_SHELL FIELD_OWN_VIEW(3)
extern const struct field_schema tenant_shell_schema;
/* What an administrator of the platform may change; null = none. */
extern const struct field_schema tenant_limit_schema;

/* A tenant and what a user is in it: one row. */
struct membership {
	struct tenant tenant;
	const char *role;
	bool is_current;               /* the session that asks works in it */
	struct strings oauth_providers;
};
extern const struct field_schema membership_schema;   /* "Membership" */

struct membership_query {
	const char *slug;              /* NULL = all */
};
extern const struct field_schema membership_query_schema;

struct tenant_query {
	const char *active;            /* "true" | "false" | NULL = both */
	const char *plan, *q;
	struct page_in page;
};
extern const struct field_schema tenant_query_schema;
/* The same without a page. */
#define TENANT_FILTER FIELD_OWN_VIEW(0)
extern const struct field_schema tenant_filter_schema;

struct tenant_delete_in {
	const char *confirm;           /* its slug */
};
extern const struct field_schema tenant_delete_schema;
struct tenant_delete_query {
	const char *members;           /* "remove" | NULL: refuse while there are others */
};
extern const struct field_schema tenant_delete_query_schema;

struct tenant_switch_in {
	const char *tenant_id;
};
extern const struct field_schema tenant_switch_schema;

/* What judging a credential reads of the tenant it works in, as the joins of
 * session.sql and key.sql select it (columns place_*). */
struct tenant_place {
	const char *tenant_id;
	bool is_active;                /* of one that is not filled yet (store/fill.h) too */
	const char *role;              /* of the owner of the credential; NULL = no member */
	int64_t requests;              /* INT_NONE = no ceiling */
	const char *period;
	const char *mode;
};
extern const struct field_schema place_schema;

/* ERR_FORBIDDEN reason tenant_suspended: the answer to who works in one, or would. */
bool tenant_suspended(struct err *err_r);

#endif
