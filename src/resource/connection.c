/* resource/connection.c - tokens of a user at providers. Rules: op/connection.h. */
#include "config.h"

#include "op/connection.h"
#include "resource/provider.h"
#include "resource/routes.h"

static bool tokens_put(struct call *call, struct err *err_r)
{
	struct connection out;
	struct provider p;

	return provider_named(call, call->params[0], &p, err_r) &&
	       op_connection_put(call->op, scope_own(call->op), &p, call->in, &out, err_r) &&
	       call_reply(call, &out);
}

struct connections_out {
	struct field_list connections;
};
static const struct field connections_fields[] = {
	FIELD(struct connections_out, connections, LIST, FIELD_REQUIRED,
	      "Your connections in this tenant, by provider; without tokens", .schema = &connection_schema),
	{ 0 },
};
static const struct field_schema own_connections_schema =
	FIELD_SCHEMA("ProviderConnections", struct connections_out, connections_fields);

static bool tokens_list(struct call *call, struct err *err_r)
{
	struct connections_out out;

	return op_connection_list(call->op, scope_own(call->op), &out.connections, err_r) &&
	       call_reply(call, &out);
}

struct tokens_out {
	const char *provider, *access_token, *token_type, *scope, *state, *reason;
	int64_t expires_at, state_since;
};
static const struct field tokens_fields[] = {
	FIELD(struct tokens_out, provider, TEXT, FIELD_REQUIRED, "The provider"),
	FIELD(struct tokens_out, access_token, TEXT, FIELD_REQUIRED | FIELD_SECRET,
	      "The access token; the refresh token is never given out"),
	FIELD(struct tokens_out, token_type, TEXT, FIELD_REQUIRED, "How it is sent"),
	FIELD(struct tokens_out, expires_at, TIME, FIELD_NULLABLE, "Its end; null: not known"),
	FIELD(struct tokens_out, scope, TEXT, FIELD_REQUIRED, "What was granted, with blanks between"),
	FIELD(struct tokens_out, state, TEXT, FIELD_REQUIRED, "State of the connection"),
	FIELD(struct tokens_out, reason, TEXT, FIELD_NULLABLE, "Why"),
	FIELD(struct tokens_out, state_since, TIME, FIELD_REQUIRED, "Since when"),
	{ 0 },
};
static const struct field_schema tokens_schema =
	FIELD_SCHEMA("ProviderTokens", struct tokens_out, tokens_fields);

static bool tokens_show(struct call *call, struct err *err_r)
{
	struct tokens_lent lent;
	struct provider p;

	if (!provider_named(call, call->params[0], &p, err_r) ||
	    !op_connection_lend(call->op, scope_own(call->op), &p, &lent, err_r))
		return false;
	return call_reply(call, &(struct tokens_out){
		.provider = lent.connection->provider, .access_token = lent.access_token,
		.token_type = lent.connection->token_type, .expires_at = lent.connection->expires_at,
		.scope = strings_join(call->req->arena, lent.connection->scopes_granted, " "),
		.state = lent.connection->state, .reason = lent.connection->reason,
		.state_since = lent.connection->state_since,
	});
}

static bool tokens_delete(struct call *call, struct err *err_r)
{
	int64_t n;

	return op_connection_end(call->op, scope_own(call->op), call->params[0], &n, err_r) &&
	       call_reply(call, NULL);
}

static bool tokens_delete_all(struct call *call, struct err *err_r)
{
	int64_t n;

	return op_connection_end(call->op, scope_own(call->op), NULL, &n, err_r) && call_reply(call, NULL);
}

const struct route connection_routes[] = {
	{ .method = HTTP_PUT, .pattern = "/api/oauth/tokens/{provider}", .label = "oauth_tokens_put",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = tokens_put, .body_max = 2 * BODY_SMALL,
	  .in = &tokens_in_schema, .status = 200, .out = &connection_schema,
	  .problems = ERR_BIT(ERR_NOT_FOUND) | ERR_BIT(ERR_CONFLICT),
	  .summary = "Bring tokens that you got elsewhere; those from before are replaced" },
	{ .method = HTTP_GET, .pattern = "/api/oauth/tokens", .label = "oauth_tokens_list",
	  .pool = POOL_SLOW, .guard = GUARD_SCOPED, .scope = "tokens:read", .fn = tokens_list, .status = 200,
	  .out = &own_connections_schema,
	  .summary = "Your connections and their states, without tokens" },
	{ .method = HTTP_GET, .pattern = "/api/oauth/tokens/{provider}", .label = "oauth_tokens_show",
	  .pool = POOL_FAST, .guard = GUARD_SCOPED, .scope = "tokens:read", .fn = tokens_show, .status = 200,
	  .out = &tokens_schema, .problems = ERR_BIT(ERR_NOT_FOUND) | ERR_BIT(ERR_CONFLICT),
	  .summary = "An access token that is good for a minute at least" },
	{ .method = HTTP_DELETE, .pattern = "/api/oauth/tokens/{provider}",
	  .label = "oauth_tokens_delete", .pool = POOL_SLOW, .guard = GUARD_SESSION,
	  .fn = tokens_delete, .status = 204,
	  .summary = "Disconnect a provider; it is told to end what you allowed" },
	{ .method = HTTP_DELETE, .pattern = "/api/oauth/tokens", .label = "oauth_tokens_delete_all",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = tokens_delete_all, .status = 204,
	  .summary = "Disconnect all providers in this tenant" },
	{ 0 },
};
