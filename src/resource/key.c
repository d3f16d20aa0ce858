/*
 * A user's own API keys: make, list, show, change, rotate, revoke. Rules are in
 * op/key.c; the owner is always the session's user.
 */
#include "config.h"

#include "model/tenant_role.h"
#include "op/key.h"
#include "resource/call.h"
#include "resource/list.h"
#include "resource/routes.h"

#define STORE_IT "Store this key now; it is not shown again"

/* --- make ------------------------------------------------------------------- */

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
		.warning = STORE_IT,
	};
	struct api_key key;

	if (!op_key_create(call->op, scope_own(call->op), call->in, &key,
			   &out.api_key, err_r))
		return false;
	out.key_info = &key;
	return call_reply(call, &out);
}

/* --- list, show ------------------------------------------------------------- */

static const struct field_schema key_list_schema =
	LIST_SCHEMA("ApiKeyList", "api_keys", api_key, "Your keys, newest first, revoked ones too");

static bool key_list(struct call *call, struct err *err_r)
{
	struct page_out out;

	if (!op_key_list(call->op, scope_own(call->op), call->query, &out, err_r))
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

static bool key_patch(struct call *call, struct err *err_r)
{
	struct api_key key;

	if (!op_key_update(call->op, scope_own(call->op), call->params[0], call->in,
			   &call->given, &key, err_r))
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

/* --- rotate ----------------------------------------------------------------- */

struct key_rotated_out {
	const char *api_key, *warning, *replaces;
	const struct api_key *key_info;
	int64_t old_expires_at;
};

static const struct field key_rotated_fields[] = {
	FIELD(struct key_rotated_out, api_key, TEXT, FIELD_REQUIRED | FIELD_SECRET,
	      "The whole new key, shown this once"),
	FIELD(struct key_rotated_out, key_info, OBJECT, FIELD_REQUIRED, "What is kept about it",
	      .schema = &api_key_schema),
	FIELD(struct key_rotated_out, warning, TEXT, FIELD_REQUIRED, "Reminds to store the key"),
	FIELD(struct key_rotated_out, replaces, UUID, FIELD_REQUIRED, "Id of the old key"),
	FIELD(struct key_rotated_out, old_expires_at, TIME, FIELD_REQUIRED,
	      "The old key is refused from here on"),
	{ 0 },
};
static const struct field_schema key_rotated_schema =
	FIELD_SCHEMA("ApiKeyRotated", struct key_rotated_out, key_rotated_fields);

static bool key_rotate(struct call *call, struct err *err_r)
{
	struct key_rotated made;

	if (!op_key_rotate(call->op, scope_own(call->op), call->params[0], call->in, &made, err_r))
		return false;
	return call_reply(call, &(struct key_rotated_out){
		.api_key = made.full, .warning = STORE_IT, .replaces = made.old.id,
		.key_info = &made.key, .old_expires_at = made.old.expires_at,
	});
}

const struct route key_routes[] = {
	{ .method = HTTP_POST, .pattern = "/api/keys", .label = "key_create",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION,
	  .tenant = { PLACE_OWN, TENANT_WRITE_DATA, "write_data" }, .fn = key_create, .idempotent = true,
	  .body_max = BODY_DOCUMENT, .in = &api_key_create_schema, .status = 201,
	  .problems = ERR_BIT(ERR_CONFLICT),
	  .out = &key_created_schema, .summary = "Make an API key; its text is shown once" },
	{ .method = HTTP_GET, .pattern = "/api/keys", .label = "key_list",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = key_list,
	  .query = &key_query_schema, .status = 200, .out = &key_list_schema,
	  .summary = "Your API keys, of every state unless one is asked for" },
	{ .method = HTTP_GET, .pattern = "/api/keys/{id}", .label = "key_show",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = key_show, .status = 200,
	  .out = &api_key_schema, .summary = "One of your API keys" },
	{ .method = HTTP_PATCH, .pattern = "/api/keys/{id}", .label = "key_patch",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION,
	  .tenant = { PLACE_OWN, TENANT_WRITE_DATA, "write_data" }, .fn = key_patch,
	  .body_max = BODY_DOCUMENT, .in = &api_key_patch_schema, .status = 200,
	  .problems = ERR_BIT(ERR_CONFLICT), .out = &api_key_schema,
	  .summary = "Change what is named; the rest stays, an expired key stays expired, and "
		     "a revoked one as it is" },
	{ .method = HTTP_POST, .pattern = "/api/keys/{id}/rotate", .label = "key_rotate",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION,
	  .tenant = { PLACE_OWN, TENANT_WRITE_DATA, "write_data" }, .fn = key_rotate, .idempotent = true,
	  .body_max = BODY_SMALL, .in = &key_rotate_schema, .status = 201,
	  .problems = ERR_BIT(ERR_CONFLICT), .out = &key_rotated_schema,
	  .summary = "Replace a key by another one with the same rights; both take from one quota "
		     "until the old one ends, and until then neither can be replaced" },
	{ .method = HTTP_DELETE, .pattern = "/api/keys/{id}", .label = "key_revoke",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = key_revoke, .status = 200,
	  .out = &key_revoked_schema, .summary = "Revoke an API key; it stays in the list" },
	{ 0 },
};
