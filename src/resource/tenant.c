/*
 * Tenants as their members see them: make, list, show, change, delete, and the tenant
 * that a session works in. Rules: op/tenant.h and op/session.h.
 */
#include "config.h"

#include "base/str.h"
#include "model/tenant_role.h"
#include "op/session.h"
#include "op/tenant.h"
#include "resource/call.h"
#include "resource/routes.h"

static bool tenant_create(struct call *call, struct err *err_r)
{
	struct tenant out;

	if (!op_tenant_create(call->op, scope_own(call->op), call->in, &out, err_r))
		return false;
	out.api_endpoint = arena_printf(call->req->arena, "/api/tenants/%s", out.id);
	return call_reply(call, &out);
}

/* --- list, show --------------------------------------------------------------------- */

struct tenants_out {
	struct field_list tenants;
	int64_t total_count;
};
static const struct field tenants_fields[] = {
	FIELD(struct tenants_out, tenants, LIST, FIELD_REQUIRED,
	      "Your tenants: the personal one first, then the newest", .schema = &membership_schema),
	FIELD(struct tenants_out, total_count, INT, FIELD_REQUIRED, "How many there are"),
	{ 0 },
};
static const struct field_schema tenants_schema =
	FIELD_SCHEMA("TenantMemberships", struct tenants_out, tenants_fields);

static bool tenant_list(struct call *call, struct err *err_r)
{
	struct tenants_out out;

	if (!op_membership_list(call->op, scope_own(call->op), call->query, &out.tenants, err_r))
		return false;
	out.total_count = (int64_t)out.tenants.n;
	return call_reply(call, &out);
}

static bool tenant_show(struct call *call, struct err *err_r)
{
	(void)err_r;
	return call_reply(call, &call->membership);
}

/* --- change, delete ------------------------------------------------------------------ */

static bool tenant_update(struct call *call, struct err *err_r)
{
	struct membership out = call->membership;

	if (!op_tenant_update(call->op, scope_tenant(call->op), call->params[0], call->in, &call->given,
			      &out.tenant, err_r))
		return false;
	return call_reply(call, &out);
}

static bool tenant_delete(struct call *call, struct err *err_r)
{
	const struct tenant_delete_in *in = call->in;
	const struct tenant_delete_query *query = call->query;

	if (!op_tenant_delete(call->op, scope_tenant(call->op), call->params[0], in->confirm,
			      str_eq(query->members, "remove"), err_r))
		return false;
	return call_reply(call, NULL);
}

/* --- the tenant of this session -------------------------------------------------------- */

struct switched_out {
	const char *access_token, *refresh_token, *token_type, *active_tenant_id, *tenant_name, *role;
	int64_t expires_in, expires_at;
};
static const char *const bearer_words[] = { "Bearer", NULL };
static const struct field switched_fields[] = {
	FIELD(struct switched_out, access_token, TEXT, FIELD_REQUIRED | FIELD_SECRET,
	      "Of the session in the other tenant; the one that was sent is refused from now on"),
	FIELD(struct switched_out, token_type, TEXT, FIELD_REQUIRED, "Always Bearer",
	      .values = bearer_words),
	FIELD(struct switched_out, expires_in, INT, FIELD_REQUIRED,
	      "Seconds that are left of the access token"),
	FIELD(struct switched_out, expires_at, TIME, FIELD_REQUIRED, "When the access token ends"),
	FIELD(struct switched_out, refresh_token, TEXT, FIELD_REQUIRED | FIELD_SECRET,
	      "Gives the next pair; the one from before gives none any more"),
	FIELD(struct switched_out, active_tenant_id, UUID, FIELD_REQUIRED,
	      "The tenant that the session works in"),
	FIELD(struct switched_out, tenant_name, TEXT, FIELD_REQUIRED, "What people call it"),
	FIELD(struct switched_out, role, TEXT, FIELD_REQUIRED, "What you may do there",
	      .values = tenant_role_words),
	{ 0 },
};
static const struct field_schema switched_schema =
	FIELD_SCHEMA("TenantSwitched", struct switched_out, switched_fields);

static bool tenant_switch(struct call *call, struct err *err_r)
{
	const struct tenant_switch_in *in = call->in;
	struct session_tokens tokens;
	struct membership place;

	if (!op_session_switch(call->op, in->tenant_id, &tokens, &place, err_r))
		return false;
	return call_reply(call, &(struct switched_out){
		.access_token = tokens.access_token, .refresh_token = tokens.refresh_token,
		.token_type = "Bearer", .expires_in = tokens.expires_in,
		.expires_at = tokens.expires_at, .active_tenant_id = place.tenant.id,
		.tenant_name = place.tenant.name, .role = place.role,
	});
}

const struct route tenant_routes[] = {
	{ .method = HTTP_POST, .pattern = "/api/tenants", .label = "tenant_create",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = tenant_create, .idempotent = true, .etag = ETAG_VERSION,
	  .body_max = BODY_SMALL, .in = &tenant_create_schema, .status = 201,
	  .out = &tenant_made_schema, .problems = ERR_BIT(ERR_CONFLICT),
	  .summary = "Make a team that you own; at most MAX_TENANTS_PER_USER" },
	{ .method = HTTP_GET, .pattern = "/api/tenants", .label = "tenant_list",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = tenant_list,
	  .query = &membership_query_schema, .status = 200, .out = &tenants_schema,
	  .summary = "The tenants that you belong to" },
	{ .method = HTTP_POST, .pattern = "/api/tenants/switch", .label = "tenant_switch",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = tenant_switch,
	  .body_max = BODY_SMALL, .in = &tenant_switch_schema, .status = 200,
	  .out = &switched_schema, .problems = ERR_BIT(ERR_NOT_FOUND),
	  .summary = "Work in another of your tenants: this session gets new tokens" },
	{ .method = HTTP_GET, .pattern = "/api/tenants/{id}", .label = "tenant_show",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .tenant = { PLACE_NAMED, TENANT_READ, "read" },
	  .fn = tenant_show, .etag = ETAG_VERSION, .status = 200, .out = &membership_schema,
	  .summary = "One of your tenants; one that is suspended for its owners and admins alone" },
	{ .method = HTTP_PATCH, .pattern = "/api/tenants/{id}", .label = "tenant_update",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION,
	  .tenant = { PLACE_NAMED, TENANT_MEMBERS, "members" }, .fn = tenant_update, .if_match = true, .etag = ETAG_VERSION,
	  .body_max = BODY_SMALL, .in = &tenant_patch_schema, .status = 200,
	  .out = &membership_schema, .problems = ERR_BIT(ERR_CONFLICT),
	  .summary = "Change what is named" },
	{ .method = HTTP_DELETE, .pattern = "/api/tenants/{id}", .label = "tenant_delete",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION,
	  .tenant = { PLACE_NAMED, TENANT_DELETE, "delete" }, .fn = tenant_delete, .if_match = true,
	  .body_max = BODY_SMALL, .in = &tenant_delete_schema, .query = &tenant_delete_query_schema,
	  .status = 204, .problems = ERR_BIT(ERR_CONFLICT),
	  .summary = "Delete a team: its keys are revoked and its sessions end; an administrator can "
		     "restore it for 30 days" },
	{ 0 },
};
