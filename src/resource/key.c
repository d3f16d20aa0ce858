/*
 * A user's own API keys: make, list, show, change, revoke. Rules are in
 * op/key.c; the owner is always the session's user.
 */
#include "config.h"

#include "op/key.h"
#include "resource/call.h"
#include "resource/query.h"
#include "resource/routes.h"

/* --- make ------------------------------------------------------------------- */

static const struct field key_create_fields[] = {
	{ .name = "name", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct key_create_in, name), .min = 1, .max = 100,
	  .sentence = "What the key is for" },
	{ .name = "description", .type = FIELD_TEXT, .flags = FIELD_NULLABLE,
	  .offset = FIELD_AT(struct key_create_in, description), .min = 0, .max = 500,
	  .sentence = "More about it" },
	{ .name = "tier", .type = FIELD_TEXT, .flags = FIELD_NULLABLE,
	  .offset = FIELD_AT(struct key_create_in, tier),
	  .sentence = "trial, starter, professional or enterprise; your own when left out, never above it" },
	{ .name = "rate_limit_requests", .type = FIELD_INT, .flags = FIELD_NULLABLE,
	  .offset = FIELD_AT(struct key_create_in, rate_limit_requests),
	  .min = 1, .max = INT64_C(1000000000),
	  .sentence = "Requests a month; the tier's when left out, never above it" },
	{ .name = "expires_in_days", .type = FIELD_INT, .flags = FIELD_NULLABLE,
	  .offset = FIELD_AT(struct key_create_in, expires_in_days), .min = 1, .max = 3650,
	  .sentence = "Days until the key ends; the tier's when left out" },
	{ .name = "scopes", .type = FIELD_STRINGS, .flags = FIELD_NULLABLE,
	  .offset = FIELD_AT(struct key_create_in, scopes), .max = 32,
	  .sentence = "Words your services give a meaning to" },
	{ 0 },
};
static const struct field_schema key_create_schema = {
	"ApiKeyCreate", sizeof(struct key_create_in), key_create_fields, 0,
};

struct key_created_out {
	const char *api_key, *warning;
	const struct api_key *key_info;
};

static const struct field key_created_fields[] = {
	{ .name = "api_key", .type = FIELD_TEXT, .flags = FIELD_REQUIRED | FIELD_SECRET,
	  .offset = FIELD_AT(struct key_created_out, api_key),
	  .sentence = "The whole key, shown this once" },
	{ .name = "key_info", .type = FIELD_OBJECT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct key_created_out, key_info), .schema = &api_key_schema,
	  .sentence = "What is kept about it" },
	{ .name = "warning", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct key_created_out, warning),
	  .sentence = "Reminds to store the key" },
	{ 0 },
};
static const struct field_schema key_created_schema = {
	"ApiKeyCreated", sizeof(struct key_created_out), key_created_fields, 0,
};

static bool key_create(struct call *call, struct err *err_r)
{
	struct key_created_out out = {
		.warning = "Store this key now; it is not shown again",
	};
	struct api_key key;

	if (!op_key_create(call->op, call->op->actor.user_id, call->in, &key,
			   &out.api_key, err_r))
		return false;
	out.key_info = &key;
	return call_reply(call, &out);
}

/* --- list, show ------------------------------------------------------------- */

static const char *const key_list_query[] = { "limit", "cursor", NULL };

static const struct field key_list_fields[] = {
	{ .name = "api_keys", .type = FIELD_LIST, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct key_list_out, api_keys), .schema = &api_key_schema,
	  .sentence = "Your keys, newest first, revoked ones too" },
	{ .name = "next_cursor", .type = FIELD_TEXT, .flags = FIELD_NULLABLE,
	  .offset = FIELD_AT(struct key_list_out, next_cursor),
	  .sentence = "?cursor= of the next page, null at the end" },
	{ 0 },
};
static const struct field_schema key_list_schema = {
	"ApiKeyList", sizeof(struct key_list_out), key_list_fields, 0,
};

static bool key_list(struct call *call, struct err *err_r)
{
	struct key_list_in in = { 0 };
	struct key_list_out out;

	if (!query_page(call->req, &in.limit, &in.cursor, err_r) ||
	    !op_key_list(call->op, call->op->actor.user_id, &in, &out, err_r))
		return false;
	return call_reply(call, &out);
}

static bool key_show(struct call *call, struct err *err_r)
{
	struct api_key key;

	if (!op_key_get(call->op, call->op->actor.user_id, call->params[0], &key, err_r))
		return false;
	return call_reply(call, &key);
}

/* --- change, revoke --------------------------------------------------------- */

/* rows in the order of enum key_given */
static const struct field key_patch_fields[] = {
	{ .name = "name", .type = FIELD_TEXT,
	  .offset = FIELD_AT(struct key_patch_in, name), .min = 1, .max = 100,
	  .sentence = "What the key is for" },
	{ .name = "description", .type = FIELD_TEXT, .flags = FIELD_NULLABLE,
	  .offset = FIELD_AT(struct key_patch_in, description), .min = 0, .max = 500,
	  .sentence = "More about it" },
	{ .name = "scopes", .type = FIELD_STRINGS,
	  .offset = FIELD_AT(struct key_patch_in, scopes), .max = 32,
	  .sentence = "Words your services give a meaning to" },
	{ .name = "expires_at", .type = FIELD_TIME, .flags = FIELD_NULLABLE,
	  .offset = FIELD_AT(struct key_patch_in, expires_at),
	  .sentence = "When the key ends; null = never" },
	{ 0 },
};
static const struct field_schema key_patch_schema = {
	"ApiKeyPatch", sizeof(struct key_patch_in), key_patch_fields,
	FIELD_AT(struct key_patch_in, given) + 1,
};

static bool key_patch(struct call *call, struct err *err_r)
{
	struct api_key key;

	if (!op_key_patch(call->op, call->op->actor.user_id, call->params[0], call->in,
			  &key, err_r))
		return false;
	return call_reply(call, &key);
}

struct key_revoked_out {
	const char *message;
	int64_t deactivated_at;
};

static const struct field key_revoked_fields[] = {
	{ .name = "message", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct key_revoked_out, message),
	  .sentence = "What was done, for a person" },
	{ .name = "deactivated_at", .type = FIELD_TIME, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct key_revoked_out, deactivated_at),
	  .sentence = "When the key was first revoked" },
	{ 0 },
};
static const struct field_schema key_revoked_schema = {
	"ApiKeyRevoked", sizeof(struct key_revoked_out), key_revoked_fields, 0,
};

static bool key_revoke(struct call *call, struct err *err_r)
{
	struct api_key key;

	if (!op_key_revoke(call->op, call->op->actor.user_id, call->params[0], &key, err_r))
		return false;
	return call_reply(call, &(struct key_revoked_out){ "API key revoked", key.revoked_at });
}

const struct route key_routes[] = {
	{ .method = HTTP_POST, .pattern = "/api/keys", .label = "key_create",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = key_create,
	  .body_max = BODY_SMALL, .in = &key_create_schema, .status = 201,
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
	  .out = &api_key_schema, .summary = "Change what is named; the rest stays" },
	{ .method = HTTP_DELETE, .pattern = "/api/keys/{id}", .label = "key_revoke",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = key_revoke, .status = 200,
	  .out = &key_revoked_schema, .summary = "Revoke an API key; it stays in the list" },
	{ 0 },
};
