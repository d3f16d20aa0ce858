/*
 * Tenants as administrators of the platform see them: list, plan and ceiling, suspend,
 * resume. Rules: op/tenant.h.
 */
#include "config.h"

#include "op/tenant.h"
#include "resource/call.h"
#include "resource/list.h"
#include "resource/routes.h"

static const struct field_schema tenant_page_schema =
	DATA_PAGE_SCHEMA("TenantPage", "tenants", tenant, "Newest first, personal ones too");
static const struct field_schema tenants_reply_schema =
	DATA_REPLY_SCHEMA("TenantList", tenant_page, "The page");

static bool admin_tenants(struct call *call, struct err *err_r)
{
	struct page_out page;

	return op_tenant_list(call->op, scope_all(call->op), call->query, &page, err_r) &&
	       data_page_reply(call, &page, "tenant");
}

struct tenant_reply {
	bool success;
	const char *message;
	const struct tenant *tenant;
};
static const struct field tenant_reply_fields[] = {
	ROW_SUCCESS(struct tenant_reply),
	ROW_MESSAGE(struct tenant_reply),
	FIELD(struct tenant_reply, tenant, OBJECT, FIELD_REQUIRED | FIELD_VERSION, "The tenant as it is now",
	      .schema = &tenant_schema),
	{ 0 },
};
static const struct field_schema tenant_reply_schema =
	FIELD_SCHEMA("TenantChanged", struct tenant_reply, tenant_reply_fields);

static bool reply(struct call *call, const struct tenant *tenant, const char *message)
{
	return call_reply(call, &(struct tenant_reply){ true, message, tenant });
}

static bool admin_tenant_update(struct call *call, struct err *err_r)
{
	struct tenant out;

	return op_tenant_set_limits(call->op, scope_all(call->op), call->params[0], call->in,
				    &call->given, &out, err_r) &&
	       reply(call, &out, "The limits count from the next request on");
}

static bool admin_suspend_tenant(struct call *call, struct err *err_r)
{
	struct tenant out;

	return op_tenant_suspend(call->op, scope_all(call->op), call->params[0], &out, err_r) &&
	       reply(call, &out, "Tenant suspended");
}

static bool admin_resume_tenant(struct call *call, struct err *err_r)
{
	struct tenant out;

	return op_tenant_resume(call->op, scope_all(call->op), call->params[0], &out, err_r) &&
	       reply(call, &out, "Tenant resumed");
}

const struct route tenant_admin_routes[] = {
	{ .method = HTTP_GET, .pattern = "/admin/tenants", .label = "admin_tenants",
	  .pool = POOL_SLOW, .guard = GUARD_ADMIN, .permission = "manage_users",
	  .fn = admin_tenants,
	  .query = &tenant_query_schema, .status = 200, .out = &tenants_reply_schema,
	  .summary = "All tenants" },
	{ .method = HTTP_PATCH, .pattern = "/admin/tenants/{id}", .label = "admin_tenant_update",
	  .pool = POOL_SLOW, .guard = GUARD_ADMIN, .permission = "manage_users",
	  .fn = admin_tenant_update, .if_match = true, .etag = ETAG_VERSION,
	  .body_max = BODY_SMALL, .in = &tenant_limit_schema, .status = 200,
	  .out = &tenant_reply_schema,
	  .summary = "Change the plan, the ceiling of all members, or whether limits only observe" },
	{ .method = HTTP_POST, .pattern = "/admin/suspend-tenant/{id}",
	  .label = "admin_suspend_tenant", .pool = POOL_SLOW, .guard = GUARD_ADMIN,
	  .permission = "manage_users",
	  .fn = admin_suspend_tenant, .etag = ETAG_VERSION, .status = 200, .out = &tenant_reply_schema,
	  .problems = ERR_BIT(ERR_CONFLICT),
	  .summary = "End a tenant's sessions and refuse its keys until it is resumed" },
	{ .method = HTTP_POST, .pattern = "/admin/resume-tenant/{id}",
	  .label = "admin_resume_tenant", .pool = POOL_SLOW, .guard = GUARD_ADMIN,
	  .permission = "manage_users",
	  .fn = admin_resume_tenant, .etag = ETAG_VERSION, .status = 200, .out = &tenant_reply_schema,
	  .problems = ERR_BIT(ERR_CONFLICT), .summary = "Let a suspended tenant work again" },
	{ 0 },
};
