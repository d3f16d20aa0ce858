/*
 * Routes of administrators for keys: make one for a user, set its limit. Bodies are the
 * original's (R28). Rules: op/provision.h.
 */
#include "config.h"

#include "op/provision.h"
#include "resource/call.h"
#include "resource/routes.h"

/* --- make ------------------------------------------------------------------------- */

struct provisioned {
	bool success;
	const char *api_key_id, *api_key, *user_id, *tier;
	int64_t expires_at;
	const struct rate_limit *rate_limit;
};

static const struct field provisioned_fields[] = {
	ROW_SUCCESS(struct provisioned),
	FIELD(struct provisioned, api_key_id, UUID, FIELD_REQUIRED, "Id of the key"),
	FIELD(struct provisioned, api_key, TEXT, FIELD_REQUIRED | FIELD_SECRET,
	      "The whole key, shown this once"),
	FIELD(struct provisioned, user_id, UUID, FIELD_REQUIRED, "Its owner"),
	FIELD(struct provisioned, tier, TEXT, FIELD_REQUIRED, "Its tier", .values = tier_words),
	FIELD(struct provisioned, expires_at, TIME, FIELD_NULLABLE,
	      "The key is refused from here on; null = never"),
	FIELD(struct provisioned, rate_limit, OBJECT, FIELD_REQUIRED,
	      "Its own limit, or that of its tier", .schema = &rate_limit_schema),
	{ 0 },
};
static const struct field_schema provisioned_schema =
	FIELD_SCHEMA("ProvisionedKey", struct provisioned, provisioned_fields);

static bool provision_key(struct call *call, struct err *err_r)
{
	struct rate_limit limit;
	const char *full;
	struct api_key key;

	if (!op_key_provision(call->op, scope_all(call->op), call->in, &key, &full, err_r))
		return false;
	limit = key_rate_limit(&key);
	return call_reply(call, &(struct provisioned){
		.success = true, .api_key_id = key.id, .api_key = full,
		.user_id = key.user_id, .tier = key.tier, .expires_at = key.expires_at,
		.rate_limit = &limit,
	});
}

/* --- limit ------------------------------------------------------------------------ */

struct limited {
	bool success;
	const char *message;
	const struct api_key *key_info;
};

static const struct field limited_fields[] = {
	ROW_SUCCESS(struct limited),
	ROW_MESSAGE(struct limited),
	FIELD(struct limited, key_info, OBJECT, FIELD_REQUIRED, "The key as it is now",
	      .schema = &api_key_schema),
	{ 0 },
};
static const struct field_schema limited_schema =
	FIELD_SCHEMA("KeyLimited", struct limited, limited_fields);

static bool update_limits(struct call *call, struct err *err_r)
{
	struct api_key key;

	if (!op_key_limit_set(call->op, scope_all(call->op), call->in, &key, err_r))
		return false;
	return call_reply(call, &(struct limited){
		.success = true, .key_info = &key,
		.message = "The limit counts from the next request on",
	});
}

const struct route provision_routes[] = {
	{ .method = HTTP_POST, .pattern = "/admin/provision-api-key",
	  .label = "admin_provision_key", .pool = POOL_SLOW, .guard = GUARD_ADMIN,
	  .permission = "provision_keys",
	  .fn = provision_key, .idempotent = true, .body_max = BODY_DOCUMENT, .in = &api_key_provision_schema,
	  .status = 201, .out = &provisioned_schema,
	  .problems = ERR_BIT(ERR_NOT_FOUND) | ERR_BIT(ERR_CONFLICT),
	  .summary = "Make an API key for a user, with a limit of its own if you like" },
	{ .method = HTTP_POST, .pattern = "/admin/update-key-limits",
	  .label = "admin_update_key_limits", .pool = POOL_SLOW, .guard = GUARD_ADMIN,
	  .permission = "update_key_limits",
	  .fn = update_limits, .body_max = BODY_SMALL, .in = &api_key_limit_schema, .status = 200,
	  .out = &limited_schema, .problems = ERR_BIT(ERR_NOT_FOUND),
	  .summary = "Raise or lower the limit of an API key" },
	{ 0 },
};
