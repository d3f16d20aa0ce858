/*
 * Applications at providers: a user's own, and a tenant's; and who of a tenant is connected.
 * Rules: op/provider_app.h.
 */
#include "config.h"

#include "model/tenant_role.h"
#include "op/connection.h"
#include "op/provider_app.h"
#include "provider/providers.h"
#include "resource/list.h"
#include "resource/provider.h"
#include "resource/routes.h"

bool provider_named(const struct call *call, const char *id, struct provider *out,
		    struct err *err_r)
{
	const struct providers *all = call->op->process->providers;

	if (!all)
		return err_set(err_r, ERR_INTERNAL, "This process knows no providers");
	return provider_get(all, id, call->op->now, out, err_r);
}

/* Of a user's route the provider is the first parameter, of a tenant's the second. */
static bool app_put(struct call *call, struct scope scope, const char *id, struct err *err_r)
{
	struct provider_app out;
	struct provider p;

	return provider_named(call, id, &p, err_r) &&
	       op_provider_app_put(call->op, scope, &p, call->in, &out, err_r) &&
	       call_reply(call, &out);
}

static bool app_show(struct call *call, struct scope scope, const char *id, struct err *err_r)
{
	struct provider_app out;

	return op_provider_app_get(call->op, scope, id, &out, err_r) && call_reply(call, &out);
}

static bool app_delete(struct call *call, struct scope scope, const char *id, struct err *err_r)
{
	return op_provider_app_delete(call->op, scope, id, err_r) && call_reply(call, NULL);
}

/* --- a user's own ---------------------------------------------------------------------- */

static bool own_put(struct call *call, struct err *err_r)
{
	return app_put(call, scope_own(call->op), call->params[0], err_r);
}

static bool own_show(struct call *call, struct err *err_r)
{
	return app_show(call, scope_own(call->op), call->params[0], err_r);
}

static bool own_delete(struct call *call, struct err *err_r)
{
	return app_delete(call, scope_own(call->op), call->params[0], err_r);
}

struct apps_out {
	struct field_list apps;
};
static const struct field apps_fields[] = {
	FIELD(struct apps_out, apps, LIST, FIELD_REQUIRED, "Your applications, by provider",
	      .schema = &provider_app_schema),
	{ 0 },
};
static const struct field_schema apps_schema =
	FIELD_SCHEMA("ProviderAppList", struct apps_out, apps_fields);

static bool own_list(struct call *call, struct err *err_r)
{
	struct apps_out out;

	return op_provider_app_list(call->op, scope_own(call->op), &out.apps, err_r) &&
	       call_reply(call, &out);
}

/* --- a tenant's ------------------------------------------------------------------------ */

static bool tenant_put(struct call *call, struct err *err_r)
{
	return app_put(call, scope_tenant(call->op), call->params[1], err_r);
}

static bool tenant_show(struct call *call, struct err *err_r)
{
	return app_show(call, scope_tenant(call->op), call->params[1], err_r);
}

static bool tenant_delete(struct call *call, struct err *err_r)
{
	return app_delete(call, scope_tenant(call->op), call->params[1], err_r);
}

static const struct field_schema connections_schema =
	LIST_SCHEMA("ConnectionList", "connections", connection,
		    "Connections of members in this tenant, newest first; without tokens");

static bool tenant_connections(struct call *call, struct err *err_r)
{
	struct page_out page;

	return op_connection_list_tenant(call->op, scope_tenant(call->op), call->params[1], call->query,
					 &page, err_r) &&
	       call_reply(call, &page);
}

#define APP_BODY .body_max = BODY_SMALL, .in = &provider_app_put_schema, .status = 200, \
	.out = &provider_app_schema, .problems = ERR_BIT(ERR_NOT_FOUND) | ERR_BIT(ERR_CONFLICT)
#define OF_TENANT .pool = POOL_SLOW, .guard = GUARD_SESSION, \
	.tenant = { PLACE_NAMED, TENANT_CREDENTIALS, "credentials" }

const struct route provider_app_routes[] = {
	{ .method = HTTP_GET, .pattern = "/api/users/oauth-apps", .label = "oauth_app_list",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = own_list, .status = 200,
	  .out = &apps_schema, .summary = "Your own applications at providers" },
	{ .method = HTTP_PUT, .pattern = "/api/users/oauth-apps/{provider}",
	  .label = "oauth_app_put", .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = own_put, APP_BODY,
	  .summary = "Set your own application at a provider; its secret is never shown" },
	{ .method = HTTP_GET, .pattern = "/api/users/oauth-apps/{provider}",
	  .label = "oauth_app_show", .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = own_show,
	  .status = 200, .out = &provider_app_schema, .problems = ERR_BIT(ERR_NOT_FOUND),
	  .summary = "Your own application at a provider" },
	{ .method = HTTP_DELETE, .pattern = "/api/users/oauth-apps/{provider}",
	  .label = "oauth_app_delete", .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = own_delete,
	  .status = 204, .problems = ERR_BIT(ERR_NOT_FOUND) | ERR_BIT(ERR_CONFLICT),
	  .summary = "Delete your own application; not while connections need it" },
	{ .method = HTTP_PUT, .pattern = "/api/tenants/{id}/oauth/{provider}",
	  .label = "tenant_oauth_put", OF_TENANT, .fn = tenant_put, APP_BODY,
	  .summary = "Set the tenant's application at a provider, for members who have none" },
	{ .method = HTTP_GET, .pattern = "/api/tenants/{id}/oauth/{provider}",
	  .label = "tenant_oauth_show", OF_TENANT, .fn = tenant_show, .status = 200,
	  .out = &provider_app_schema, .summary = "The tenant's application at a provider" },
	{ .method = HTTP_DELETE, .pattern = "/api/tenants/{id}/oauth/{provider}",
	  .label = "tenant_oauth_delete", OF_TENANT, .fn = tenant_delete, .status = 204,
	  .problems = ERR_BIT(ERR_CONFLICT),
	  .summary = "Delete the tenant's application; not while connections need it" },
	{ .method = HTTP_GET, .pattern = "/api/tenants/{id}/oauth/{provider}/connections",
	  .label = "tenant_oauth_connections", OF_TENANT, .fn = tenant_connections,
	  .query = &page_in_schema, .status = 200, .out = &connections_schema,
	  .summary = "Who of the tenant is connected to a provider" },
	{ 0 },
};
