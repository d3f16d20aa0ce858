/*
 * The audit trail: all of it for administrators, for each user what he did, for the
 * owners and admins of a tenant what happened in it. Rules are in op/audit_read.c.
 */
#include "config.h"

#include "model/tenant_role.h"
#include "op/audit_read.h"
#include "op/scope.h"
#include "resource/call.h"
#include "resource/list.h"
#include "resource/routes.h"

static const struct field_schema page_schema =
	DATA_PAGE_SCHEMA("AuditPage", "events", audit_entry, "Newest first");
static const struct field_schema reply_schema =
	DATA_REPLY_SCHEMA("AuditList", page, "The page");

static bool audit_list(struct call *call, struct err *err_r)
{
	struct page_out page;

	return op_audit_list(call->op, scope_all(call->op), call->query, &page, err_r) &&
	       data_page_reply(call, &page, "event");
}

static const struct field_schema own_schema =
	LIST_SCHEMA("AuditOwnList", "events", audit_entry, "What you did, newest first");

static bool audit_own_list(struct call *call, struct err *err_r)
{
	struct page_out out;

	if (!op_audit_list(call->op, scope_own(call->op), call->query, &out, err_r))
		return false;
	return call_reply(call, &out);
}

static const struct field_schema tenant_audit_schema =
	LIST_SCHEMA("AuditTenantList", "events", audit_entry, "What happened in the tenant, newest first");

static bool audit_tenant_list(struct call *call, struct err *err_r)
{
	struct page_out out;

	if (!op_audit_list_tenant(call->op, scope_tenant(call->op), call->query, &out, err_r))
		return false;
	return call_reply(call, &out);
}

const struct route audit_routes[] = {
	{ .method = HTTP_GET, .pattern = "/admin/audit", .label = "audit_list",
	  .pool = POOL_SLOW, .guard = GUARD_ADMIN, .permission = "view_audit_logs",
	  .fn = audit_list,
	  .query = &audit_query_schema, .status = 200, .out = &reply_schema,
	  .summary = "What happened, by all users" },
	{ .method = HTTP_GET, .pattern = "/api/user/audit", .label = "audit_own_list",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = audit_own_list,
	  .query = &audit_own_query_schema, .status = 200, .out = &own_schema,
	  .summary = "What you did, of the audit trail" },
	{ .method = HTTP_GET, .pattern = "/api/tenants/{id}/audit", .label = "audit_tenant_list",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .tenant = { PLACE_NAMED, TENANT_AUDIT, "audit" },
	  .fn = audit_tenant_list,
	  .query = &audit_tenant_query_schema, .status = 200, .out = &tenant_audit_schema,
	  .summary = "What happened in a tenant, by all of its members and by administrators, of whom it is not said who" },
	{ 0 },
};
