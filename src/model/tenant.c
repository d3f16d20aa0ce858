/* model/tenant.c - fields of a tenant, of a membership, of the bodies about them. */
#include "config.h"

#include "base/window.h"
#include "model/check.h"
#include "model/key.h"
#include "model/tenant.h"
#include "model/tenant_role.h"
#include "model/user.h"

static const char *const kind_words[] = { TENANT_PERSONAL, TENANT_TEAM, NULL };
static const char *const mode_words[] = { LIMIT_ENFORCE, LIMIT_OBSERVE, NULL };
static const char *const yes_no_words[] = { "true", "false", NULL };
static const char *const remove_words[] = { "remove", NULL };

#define DOMAIN_MAX 253   /* RFC 1035 section 2.3.4, without the root */

static const struct field tenant_fields[] = {
	FIELD_AS("tenant_id", struct tenant, id, UUID, TENANT_MADE | TENANT_BRIEF, "The tenant",
		 .column = "id"),
	FIELD(struct tenant, name, TEXT,
	      FIELD_MUST(FIELD_CREATE) | FIELD_PATCH | TENANT_MADE | TENANT_BRIEF,
	      "What people call it" NAME_RULE, NAME_BOUNDS),
	FIELD(struct tenant, slug, TEXT,
	      FIELD_CREATE | FIELD_PATCH | TENANT_SHELL | TENANT_MADE | TENANT_BRIEF | FIELD_AUDIT,
	      "Its name in addresses: a-z, 0-9 and hyphens; made from the name when left out. It stays "
	      "taken after the tenant was deleted, until its rows are removed",
	      .min = 1, .max = SLUG_MAX, .check = slug_check),
	FIELD(struct tenant, domain, TEXT,
	      FIELD_NULLABLE | FIELD_CREATE | FIELD_PATCH | TENANT_MADE,
	      "A domain that its members use; nothing follows from it", .min = 1, .max = DOMAIN_MAX,
	      .check = domain_check),
	FIELD(struct tenant, plan, TEXT, FIELD_CREATE | TENANT_SHELL | TENANT_ADMIN | TENANT_MADE | TENANT_BRIEF | FIELD_AUDIT,
	      "What was bought, at most the tier of who makes it; it sets the ceiling of all members "
	      "together", .values = user_tier_words),
	FIELD(struct tenant, kind, TEXT, 0,
	      "personal: a user's own, with the user's id, without other members; or team",
	      .values = kind_words),
	FIELD(struct tenant, is_active, BOOL, 0, "False while it is suspended, or once it was deleted"),
	FIELD(struct tenant, rate_limit_requests, INT, FIELD_NULLABLE | TENANT_ADMIN,
	      "Requests of all its members together in one window; null = no ceiling", .min = 1,
	      .max = KEY_LIMIT_MAX),
	FIELD(struct tenant, rate_limit_period, TEXT, FIELD_NULLABLE | TENANT_ADMIN,
	      "Window of rate_limit_requests: hour, day, week (from Monday) or month of the calendar in "
	      "UTC; null = month", .values = window_words),
	FIELD(struct tenant, limit_mode, TEXT, TENANT_ADMIN,
	      "enforce; or observe: limits of credentials that work in it refuse nothing, and all is "
	      "recorded", .values = mode_words),
	FIELD(struct tenant, deleted_at, TIME, FIELD_NULLABLE,
	      "When it was deleted; its rows are removed 30 days later"),
	FIELD(struct tenant, version, INT, FIELD_VERSION,
	      "Grows with each change of it or its applications"),
	FIELD(struct tenant, created_at, TIME, TENANT_MADE | TENANT_BRIEF, "When it was made"),
	FIELD(struct tenant, updated_at, TIME, 0, "When it last changed"),
	FIELD(struct tenant, api_endpoint, TEXT, FIELD_INPUT | TENANT_MADE, "Path of its routes"),
	{ 0 },
};
const struct field_schema tenant_schema = FIELD_SCHEMA("Tenant", struct tenant, tenant_fields);
const struct field_schema tenant_create_schema =
	FIELD_VIEW("TenantCreate", struct tenant, tenant_fields, FIELD_CREATE);
const struct field_schema tenant_patch_schema =
	FIELD_VIEW("TenantPatch", struct tenant, tenant_fields, FIELD_PATCH);
const struct field_schema tenant_made_schema =
	FIELD_VIEW("TenantMade", struct tenant, tenant_fields, TENANT_MADE);
const struct field_schema tenant_brief_schema =
	FIELD_VIEW("TenantBrief", struct tenant, tenant_fields, TENANT_BRIEF);
const struct field_schema tenant_shell_schema =
	FIELD_VIEW("TenantShell", struct tenant, tenant_fields, TENANT_SHELL);
const struct field_schema tenant_limit_schema =
	FIELD_VIEW("TenantLimits", struct tenant, tenant_fields, TENANT_ADMIN);

#define OF(member, kind, flag, ...) \
	FIELD_AS(#member, struct membership, tenant.member, kind, flag, __VA_ARGS__)

static const struct field membership_fields[] = {
	FIELD_AS("tenant_id", struct membership, tenant.id, UUID, 0, "The tenant", .column = "id"),
	OF(name, TEXT, 0, "What people call it"),
	OF(slug, TEXT, 0, "Its name in addresses"),
	OF(domain, TEXT, FIELD_NULLABLE, "A domain that its members use"),
	OF(plan, TEXT, 0, "What was bought", .values = user_tier_words),
	OF(kind, TEXT, 0, "personal or team", .values = kind_words),
	FIELD(struct membership, role, TEXT, FIELD_VERSION, "What you may do there",
	      .values = tenant_role_words),
	FIELD(struct membership, is_current, BOOL, FIELD_VERSION, "This session works in it"),
	OF(is_active, BOOL, 0, "False while it is suspended"),
	OF(rate_limit_requests, INT, FIELD_NULLABLE,
	   "Requests of all its members together in one window; null = no ceiling"),
	OF(rate_limit_period, TEXT, FIELD_NULLABLE, "Window of rate_limit_requests; null = month",
	   .values = window_words),
	OF(limit_mode, TEXT, 0, "enforce or observe", .values = mode_words),
	OF(deleted_at, TIME, FIELD_PRIVATE, NULL),
	OF(version, INT, FIELD_VERSION, "Grows with each change of the tenant or its applications"),
	OF(created_at, TIME, 0, "When it was made"),
	OF(updated_at, TIME, FIELD_PRIVATE, NULL),
	FIELD(struct membership, oauth_providers, STRINGS, 0,
	      "Providers that it has an application of its own at"),
	{ 0 },
};
const struct field_schema membership_schema =
	FIELD_SCHEMA("Membership", struct membership, membership_fields);

static const struct field membership_query_fields[] = {
	FIELD(struct membership_query, slug, TEXT, FIELD_NULLABLE, "The tenant with this slug only"),
	{ 0 },
};
const struct field_schema membership_query_schema =
	FIELD_SCHEMA("MembershipQuery", struct membership_query, membership_query_fields);

static const struct field query_fields[] = {
	FIELD(struct tenant_query, active, TEXT, FIELD_NULLABLE | TENANT_FILTER,
	      "true: active ones only; false: those that are suspended or deleted", .values = yes_no_words),
	FIELD(struct tenant_query, plan, TEXT, FIELD_NULLABLE | TENANT_FILTER, "Tenants of this plan only",
	      .values = user_tier_words),
	FIELD(struct tenant_query, q, TEXT, FIELD_NULLABLE | TENANT_FILTER,
	      "Part of the name or slug; A-Z is as a-z", .min = 1, .max = NAME_MAX_CHARS),
	PAGE_IN_ROWS(struct tenant_query, page.),
	{ 0 },
};
const struct field_schema tenant_query_schema =
	FIELD_SCHEMA("TenantQuery", struct tenant_query, query_fields);
const struct field_schema tenant_filter_schema =
	FIELD_VIEW("TenantFilter", struct tenant_query, query_fields, TENANT_FILTER);

static const struct field delete_fields[] = {
	FIELD(struct tenant_delete_in, confirm, TEXT, FIELD_REQUIRED,
	      "The tenant's slug, so that no other one is deleted by mistake"),
	{ 0 },
};
const struct field_schema tenant_delete_schema =
	FIELD_SCHEMA("TenantDelete", struct tenant_delete_in, delete_fields);
static const struct field delete_query_fields[] = {
	FIELD(struct tenant_delete_query, members, TEXT, FIELD_NULLABLE,
	      "remove: also while others belong to it", .values = remove_words),
	{ 0 },
};
const struct field_schema tenant_delete_query_schema =
	FIELD_SCHEMA("TenantDeleteQuery", struct tenant_delete_query, delete_query_fields);

static const struct field switch_fields[] = {
	FIELD(struct tenant_switch_in, tenant_id, UUID, FIELD_REQUIRED, "One that you are a member of"),
	{ 0 },
};
const struct field_schema tenant_switch_schema =
	FIELD_SCHEMA("TenantSwitch", struct tenant_switch_in, switch_fields);

#define PLACE(member, kind) FIELD(struct tenant_place, member, kind, 0, NULL, .column = "place_" #member)

static const struct field place_fields[] = {
	PLACE(tenant_id, UUID),
	PLACE(is_active, BOOL),
	PLACE(role, TEXT),
	PLACE(requests, INT),
	PLACE(period, TEXT),
	PLACE(mode, TEXT),
	{ 0 },
};
const struct field_schema place_schema = FIELD_SCHEMA("Place", struct tenant_place, place_fields);

bool tenant_suspended(struct err *err_r)
{
	return err_reason(err_r, ERR_FORBIDDEN, "tenant_suspended",
			  "The tenant is suspended: an administrator can resume it");
}
