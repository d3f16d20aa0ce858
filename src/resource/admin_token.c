/* resource/admin_token.c - admin tokens and what they did. Rules: op/admin_token.h. */
#include "config.h"

#include "op/admin_token.h"
#include "resource/call.h"
#include "resource/list.h"
#include "resource/routes.h"

/* --- a token ------------------------------------------------------------------------ */

/* It is named twice: the original made a JWT of it. */
struct token_created {
	const char *token_id, *service_name, *token, *token_prefix;
	struct strings permissions;
	bool is_super_admin;
	int64_t expires_at, created_at;
};

static const struct field created_fields[] = {
	FIELD(struct token_created, token_id, UUID, 0, "Id of the admin token"),
	FIELD(struct token_created, service_name, TEXT, 0, "The program that it is for"),
	FIELD(struct token_created, token, TEXT, FIELD_SECRET,
	      "The token, shown this once: send it as Authorization: Bearer"),
	FIELD_AS("jwt_token", struct token_created, token, TEXT, FIELD_SECRET, "The same"),
	FIELD(struct token_created, token_prefix, TEXT, 0, "What lists show of it"),
	FIELD(struct token_created, permissions, STRINGS, 0, "What it may do"),
	FIELD(struct token_created, is_super_admin, BOOL, 0, "It has all permissions"),
	FIELD(struct token_created, expires_at, TIME, FIELD_NULLABLE, "Its end; null = never"),
	FIELD(struct token_created, created_at, TIME, 0, "When it was made"),
	{ 0 },
};
static const struct field_schema created_schema =
	FIELD_SCHEMA("AdminTokenCreated", struct token_created, created_fields);

static struct token_created created_of(const struct admin_token *t, const char *text)
{
	return (struct token_created){
		.token_id = t->id, .service_name = t->service_name, .token = text,
		.token_prefix = t->token_prefix, .permissions = t->permissions,
		.is_super_admin = t->is_super_admin, .expires_at = t->expires_at,
		.created_at = t->created_at,
	};
}

static bool token_create(struct call *call, struct err *err_r)
{
	struct token_created out;
	struct admin_token token;
	const char *text;

	if (!op_admin_token_create(call->op, call->in, &token, &text, err_r))
		return false;
	out = created_of(&token, text);
	return call_reply(call, &out);
}

struct token_rotated {
	const char *old_token_id;
	const struct token_created *new_token;
};
static const struct field rotated_fields[] = {
	FIELD(struct token_rotated, old_token_id, UUID, 0, "The token that was replaced"),
	FIELD(struct token_rotated, new_token, OBJECT, 0, "The one that replaces it",
	      .schema = &created_schema),
	{ 0 },
};
static const struct field_schema rotated_schema =
	FIELD_SCHEMA("AdminTokenRotated", struct token_rotated, rotated_fields);

static bool token_rotate(struct call *call, struct err *err_r)
{
	struct token_created made;
	struct admin_token token;
	const char *text;

	if (!op_admin_token_rotate(call->op, scope_all(call->op), call->params[0], call->in, &token,
				   &text, err_r))
		return false;
	made = created_of(&token, text);
	return call_reply(call, &(struct token_rotated){ call->params[0], &made });
}

static bool token_show(struct call *call, struct err *err_r)
{
	struct admin_token token;

	return op_admin_token_get(call->op, scope_all(call->op), call->params[0], &token, err_r) &&
	       call_reply(call, &token);
}

static bool token_info(struct call *call, struct err *err_r)
{
	const char *id = call->op->actor.token_id;
	struct admin_token token;

	if (!id)
		return err_set(err_r, ERR_NOT_FOUND, "This call was made with no admin token");
	return op_admin_token_get(call->op, scope_all(call->op), id, &token, err_r) &&
	       call_reply(call, &token);
}

static bool token_revoke(struct call *call, struct err *err_r)
{
	struct admin_token token;

	return op_admin_token_revoke(call->op, scope_all(call->op), call->params[0], &token,
				     err_r) &&
	       call_reply(call, &token);
}

/* --- lists -------------------------------------------------------------------------- */

static const struct field_schema token_list_schema =
	LIST_SCHEMA("AdminTokenList", "tokens", admin_token, "Admin tokens, newest first");

static bool token_list(struct call *call, struct err *err_r)
{
	struct page_out out;

	return op_admin_token_list(call->op, scope_all(call->op), call->query, &out, err_r) &&
	       call_reply(call, &out);
}

static const struct field_schema use_list_schema =
	LIST_SCHEMA("TokenUseList", "usage", token_use, "Its calls, newest first");

static bool token_usage(struct call *call, struct err *err_r)
{
	struct page_out out;

	return op_admin_token_usage(call->op, scope_all(call->op), call->params[0], call->query,
				    &out, err_r) &&
	       call_reply(call, &out);
}

static const struct field_schema provisioned_list_schema =
	LIST_SCHEMA("ProvisionedKeyList", "provisioned_keys", provisioned_key_row,
		    "Keys that administrators made, newest first");

static bool provisioned_keys(struct call *call, struct err *err_r)
{
	struct page_out out;

	return op_provisioned_list(call->op, scope_all(call->op), call->query, &out, err_r) &&
	       call_reply(call, &out);
}

const struct route admin_token_routes[] = {
	{ .method = HTTP_POST, .pattern = "/admin/tokens", .label = "admin_token_create",
	  .pool = POOL_SLOW, .guard = GUARD_SUPER_ADMIN, .fn = token_create, .idempotent = true,
	  .body_max = BODY_SMALL, .in = &admin_token_create_schema, .status = 201,
	  .out = &created_schema,
	  .summary = "Make a credential for a program that administers" },
	{ .method = HTTP_GET, .pattern = "/admin/tokens", .label = "admin_token_list",
	  .pool = POOL_SLOW, .guard = GUARD_ADMIN, .permission = "manage_admin_tokens",
	  .fn = token_list, .query = &admin_token_query_schema, .status = 200,
	  .out = &token_list_schema, .summary = "Admin tokens" },
	{ .method = HTTP_GET, .pattern = "/admin/tokens/{id}", .label = "admin_token_show",
	  .pool = POOL_SLOW, .guard = GUARD_ADMIN, .permission = "manage_admin_tokens",
	  .fn = token_show, .status = 200, .out = &admin_token_schema,
	  .summary = "An admin token" },
	{ .method = HTTP_POST, .pattern = "/admin/tokens/{id}/revoke",
	  .label = "admin_token_revoke", .pool = POOL_SLOW, .guard = GUARD_ADMIN,
	  .permission = PERMISSION_ANY, .fn = token_revoke, .status = 200,
	  .out = &admin_token_schema,
	  .summary = "End an admin token from the next request on: as a super_admin, or with the "
		     "token itself" },
	{ .method = HTTP_POST, .pattern = "/admin/tokens/{id}/rotate",
	  .label = "admin_token_rotate", .pool = POOL_SLOW, .guard = GUARD_SUPER_ADMIN,
	  .fn = token_rotate, .idempotent = true, .body_max = BODY_SMALL, .in = &admin_token_rotate_schema,
	  .status = 201, .out = &rotated_schema, .problems = ERR_BIT(ERR_CONFLICT),
	  .summary = "Make a token that replaces this one, which may go on for a while" },
	{ .method = HTTP_GET, .pattern = "/admin/tokens/{id}/usage",
	  .label = "admin_token_usage", .pool = POOL_SLOW, .guard = GUARD_ADMIN,
	  .permission = "view_audit_logs", .fn = token_usage,
	  .query = &token_use_query_schema, .status = 200, .out = &use_list_schema,
	  .summary = "What an admin token did" },
	{ .method = HTTP_GET, .pattern = "/admin/token-info", .label = "admin_token_info",
	  .pool = POOL_SLOW, .guard = GUARD_ADMIN, .permission = PERMISSION_ANY,
	  .fn = token_info, .status = 200, .out = &admin_token_schema,
	  .problems = ERR_BIT(ERR_NOT_FOUND),
	  .summary = "The admin token that this call is made with" },
	{ .method = HTTP_GET, .pattern = "/admin/provisioned-keys",
	  .label = "admin_provisioned_keys", .pool = POOL_SLOW, .guard = GUARD_ADMIN,
	  .permission = "list_keys", .fn = provisioned_keys,
	  .query = &provisioned_query_schema, .status = 200, .out = &provisioned_list_schema,
	  .summary = "API keys that administrators made, and their state" },
	{ 0 },
};
