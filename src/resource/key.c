/*
 * A user's own API keys: make, list, show, change, revoke. Rules are in
 * op/key.c; the owner is always the session's user.
 */
#include "config.h"

#include "op/check.h"
#include "op/key.h"
#include "op/key_check.h"
#include "resource/call.h"
#include "resource/query.h"
#include "resource/routes.h"

/* --- make ------------------------------------------------------------------- */

static const struct field key_create_fields[] = {
	FIELD(struct key_create_in, name, TEXT, FIELD_REQUIRED, "What the key is for" NAME_RULE,
	      .min = 1, .max = NAME_MAX_CHARS),
	FIELD(struct key_create_in, description, TEXT, FIELD_NULLABLE, "More about it",
	      .max = DESCRIPTION_MAX),
	FIELD(struct key_create_in, tier, TEXT, FIELD_NULLABLE,
	      "trial, starter, professional or enterprise; your own when left out, never above it",
	      .values = tier_words),
	FIELD(struct key_create_in, rate_limit_requests, INT, FIELD_NULLABLE,
	      "Requests a month; the tier's when left out, never above it",
	      .min = 1, .max = KEY_LIMIT_MAX),
	FIELD(struct key_create_in, expires_in_days, INT, FIELD_NULLABLE,
	      "Days until the key ends; the tier's when left out", .min = 1, .max = KEY_DAYS_MAX),
	FIELD(struct key_create_in, scopes, STRINGS, FIELD_NULLABLE,
	      "Words your services give a meaning to", .max = SCOPES_MAX),
	{ 0 },
};
static const struct field_schema key_create_schema =
	FIELD_SCHEMA("ApiKeyCreate", struct key_create_in, key_create_fields);

struct key_created_out {
	const char *api_key, *warning;
	const struct api_key *key_info;
};

static const struct field key_created_fields[] = {
	FIELD(struct key_created_out, api_key, TEXT, FIELD_REQUIRED | FIELD_SECRET,
	      "The whole key, shown this once"),
	FIELD(struct key_created_out, key_info, OBJECT, FIELD_REQUIRED, "What is kept about it",
	      .schema = &api_key_schema),
	FIELD(struct key_created_out, warning, TEXT, FIELD_REQUIRED, "Reminds to store the key"),
	{ 0 },
};
static const struct field_schema key_created_schema =
	FIELD_SCHEMA("ApiKeyCreated", struct key_created_out, key_created_fields);

static bool key_create(struct call *call, struct err *err_r)
{
	struct key_created_out out = {
		.warning = "Store this key now; it is not shown again",
	};
	struct api_key key;

	if (!op_key_create(call->op, scope_own(call->op), call->in, &key,
			   &out.api_key, err_r))
		return false;
	out.key_info = &key;
	return call_reply(call, &out);
}

/* --- list, show ------------------------------------------------------------- */

static const struct field key_list_query[] = {
	QUERY_PAGE,
	{ 0 },
};

static const struct field key_list_fields[] = {
	FIELD(struct key_list_out, api_keys, LIST, FIELD_REQUIRED,
	      "Your keys, newest first, revoked ones too", .schema = &api_key_schema),
	FIELD(struct key_list_out, next_cursor, TEXT, FIELD_NULLABLE,
	      "?cursor= of the next page, null at the end"),
	{ 0 },
};
static const struct field_schema key_list_schema =
	FIELD_SCHEMA("ApiKeyList", struct key_list_out, key_list_fields);

static bool key_list(struct call *call, struct err *err_r)
{
	struct key_list_in in = { 0 };
	struct key_list_out out;

	if (!query_page(call->req, &in.limit, &in.cursor, err_r) ||
	    !op_key_list(call->op, scope_own(call->op), &in, &out, err_r))
		return false;
	return call_reply(call, &out);
}

static bool key_show(struct call *call, struct err *err_r)
{
	struct api_key key;

	if (!op_key_get(call->op, scope_own(call->op), call->params[0], &key, err_r))
		return false;
	return call_reply(call, &key);
}

/* --- change, revoke --------------------------------------------------------- */

/* rows in the order of enum key_given */
static const struct field key_patch_fields[] = {
	FIELD(struct key_patch_in, name, TEXT, 0, "What the key is for" NAME_RULE,
	      .min = 1, .max = NAME_MAX_CHARS),
	FIELD(struct key_patch_in, description, TEXT, FIELD_NULLABLE, "More about it",
	      .max = DESCRIPTION_MAX),
	FIELD(struct key_patch_in, scopes, STRINGS, 0,
	      "Words your services give a meaning to; of a key granted by an admin, fewer only",
	      .max = SCOPES_MAX),
	FIELD(struct key_patch_in, expires_at, TIME, FIELD_NULLABLE,
	      "When the key ends, null = never; at most what a new key could have, and earlier "
	      "only when an admin granted the key"),
	{ 0 },
};
static const struct field_schema key_patch_schema = {
	.name = "ApiKeyPatch", .size = sizeof(struct key_patch_in), .fields = key_patch_fields,
	.given_offset = offsetof(struct key_patch_in, given) + 1,
};

static bool key_patch(struct call *call, struct err *err_r)
{
	struct api_key key;

	if (!op_key_patch(call->op, scope_own(call->op), call->params[0], call->in,
			  &key, err_r))
		return false;
	return call_reply(call, &key);
}

struct key_revoked_out {
	const char *message;
	int64_t deactivated_at;
};

static const struct field key_revoked_fields[] = {
	ROW_MESSAGE(struct key_revoked_out),
	FIELD(struct key_revoked_out, deactivated_at, TIME, FIELD_REQUIRED,
	      "When the key was first revoked"),
	{ 0 },
};
static const struct field_schema key_revoked_schema =
	FIELD_SCHEMA("ApiKeyRevoked", struct key_revoked_out, key_revoked_fields);

static bool key_revoke(struct call *call, struct err *err_r)
{
	struct api_key key;

	if (!op_key_revoke(call->op, scope_own(call->op), call->params[0], &key, err_r))
		return false;
	return call_reply(call, &(struct key_revoked_out){ "API key revoked", key.revoked_at });
}

const struct route key_routes[] = {
	{ .method = HTTP_POST, .pattern = "/api/keys", .label = "key_create",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = key_create,
	  .body_max = BODY_SMALL, .in = &key_create_schema, .status = 201,
	  .problems = ERR_BIT(ERR_CONFLICT),
	  .out = &key_created_schema, .summary = "Make an API key; its text is shown once" },
	{ .method = HTTP_GET, .pattern = "/api/keys", .label = "key_list",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = key_list,
	  .query = key_list_query, .status = 200, .out = &key_list_schema,
	  .summary = "Your API keys" },
	{ .method = HTTP_GET, .pattern = "/api/keys/{id}", .label = "key_show",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = key_show, .status = 200,
	  .out = &api_key_schema, .summary = "One of your API keys" },
	{ .method = HTTP_PATCH, .pattern = "/api/keys/{id}", .label = "key_patch",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = key_patch,
	  .body_max = BODY_SMALL, .in = &key_patch_schema, .status = 200,
	  .out = &api_key_schema,
	  .summary = "Change what is named; the rest stays, and an expired key stays expired" },
	{ .method = HTTP_DELETE, .pattern = "/api/keys/{id}", .label = "key_revoke",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = key_revoke, .status = 200,
	  .out = &key_revoked_schema, .summary = "Revoke an API key; it stays in the list" },
	{ 0 },
};
