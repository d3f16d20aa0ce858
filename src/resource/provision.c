/*
 * The administrator's door to keys: make one for a user, set its limit. Bodies
 * are the original's. Rules: op/provision.h.
 */
#include "config.h"

#include "op/provision.h"
#include "resource/call.h"
#include "resource/routes.h"

#define PERIOD_SENTENCE "hour, day or month of the calendar in UTC; month when left out"

/* --- make ------------------------------------------------------------------------- */

static const struct field provision_fields[] = {
	{ .name = "user_email", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct provision_in, user_email), .min = 1, .max = 254,
	  .sentence = "Whose key it will be" },
	{ .name = "tier", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct provision_in, tier),
	  .sentence = "trial, starter, professional or enterprise" },
	{ .name = "description", .type = FIELD_TEXT, .flags = FIELD_NULLABLE,
	  .offset = FIELD_AT(struct provision_in, description), .min = 0, .max = 500,
	  .sentence = "What it is for" },
	{ .name = "expires_in_days", .type = FIELD_INT, .flags = FIELD_NULLABLE,
	  .offset = FIELD_AT(struct provision_in, expires_in_days), .min = 1, .max = 3650,
	  .sentence = "Days until the key ends; the tier's when left out" },
	{ .name = "rate_limit_requests", .type = FIELD_INT, .flags = FIELD_NULLABLE,
	  .offset = FIELD_AT(struct provision_in, rate_limit_requests),
	  .min = 1, .max = INT64_C(1000000000),
	  .sentence = "Requests in one window, instead of the tier's" },
	{ .name = "rate_limit_period", .type = FIELD_TEXT, .flags = FIELD_NULLABLE,
	  .offset = FIELD_AT(struct provision_in, rate_limit_period),
	  .sentence = PERIOD_SENTENCE },
	{ 0 },
};
static const struct field_schema provision_schema = {
	"ProvisionKey", sizeof(struct provision_in), provision_fields, 0,
};

struct rate_limit {
	int64_t requests;
	const char *period;
};

static const struct field rate_limit_fields[] = {
	{ .name = "requests", .type = FIELD_INT, .flags = FIELD_NULLABLE,
	  .offset = FIELD_AT(struct rate_limit, requests),
	  .sentence = "Requests in one window; null = unlimited" },
	{ .name = "period", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct rate_limit, period), .sentence = "hour, day or month" },
	{ 0 },
};
static const struct field_schema rate_limit_schema = {
	"RateLimit", sizeof(struct rate_limit), rate_limit_fields, 0,
};

struct provisioned {
	bool success;
	const char *api_key_id, *api_key, *user_id, *tier;
	int64_t expires_at;
	const struct rate_limit *rate_limit;
};

static const struct field provisioned_fields[] = {
	{ .name = "success", .type = FIELD_BOOL, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct provisioned, success), .sentence = "Always true" },
	{ .name = "api_key_id", .type = FIELD_UUID, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct provisioned, api_key_id), .sentence = "Id of the key" },
	{ .name = "api_key", .type = FIELD_TEXT, .flags = FIELD_REQUIRED | FIELD_SECRET,
	  .offset = FIELD_AT(struct provisioned, api_key),
	  .sentence = "The whole key, shown this once" },
	{ .name = "user_id", .type = FIELD_UUID, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct provisioned, user_id), .sentence = "Its owner" },
	{ .name = "tier", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct provisioned, tier), .sentence = "Its tier" },
	{ .name = "expires_at", .type = FIELD_TIME, .flags = FIELD_NULLABLE,
	  .offset = FIELD_AT(struct provisioned, expires_at),
	  .sentence = "The key is refused from here on; null = never" },
	{ .name = "rate_limit", .type = FIELD_OBJECT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct provisioned, rate_limit), .schema = &rate_limit_schema,
	  .sentence = "Its own limit, or that of its tier" },
	{ 0 },
};
static const struct field_schema provisioned_schema = {
	"ProvisionedKey", sizeof(struct provisioned), provisioned_fields, 0,
};

static struct rate_limit limit_of(const struct api_key *key)
{
	const struct tier *tier = tier_find(key->tier);

	if (key->rate_limit_requests == INT_NONE)
		return (struct rate_limit){ tier ? tier->monthly_limit : 0, "month" };
	return (struct rate_limit){ key->rate_limit_requests, key->rate_limit_period };
}

static bool provision_key(struct call *call, struct err *err_r)
{
	struct rate_limit limit;
	const char *full;
	struct api_key key;

	if (!op_provision_key(call->op, call->in, &key, &full, err_r))
		return false;
	limit = limit_of(&key);
	return call_reply(call, &(struct provisioned){
		.success = true, .api_key_id = key.id, .api_key = full,
		.user_id = key.user_id, .tier = key.tier, .expires_at = key.expires_at,
		.rate_limit = &limit,
	});
}

/* --- limit ------------------------------------------------------------------------ */

static const struct field limit_fields[] = {
	{ .name = "api_key_id", .type = FIELD_UUID, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct key_limit_in, api_key_id), .sentence = "Any user's key" },
	{ .name = "rate_limit_requests", .type = FIELD_INT, .flags = FIELD_NULLABLE,
	  .offset = FIELD_AT(struct key_limit_in, rate_limit_requests),
	  .min = 1, .max = INT64_C(1000000000),
	  .sentence = "Requests in one window; left out or null = the tier's again" },
	{ .name = "rate_limit_period", .type = FIELD_TEXT, .flags = FIELD_NULLABLE,
	  .offset = FIELD_AT(struct key_limit_in, rate_limit_period),
	  .sentence = PERIOD_SENTENCE },
	{ 0 },
};
static const struct field_schema limit_schema = {
	"KeyLimitUpdate", sizeof(struct key_limit_in), limit_fields, 0,
};

struct limited {
	bool success;
	const char *message;
	const struct api_key *key_info;
};

static const struct field limited_fields[] = {
	{ .name = "success", .type = FIELD_BOOL, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct limited, success), .sentence = "Always true" },
	{ .name = "message", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct limited, message),
	  .sentence = "What was done, for a person" },
	{ .name = "key_info", .type = FIELD_OBJECT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct limited, key_info), .schema = &api_key_schema,
	  .sentence = "The key as it is now" },
	{ 0 },
};
static const struct field_schema limited_schema = {
	"KeyLimited", sizeof(struct limited), limited_fields, 0,
};

static bool update_limits(struct call *call, struct err *err_r)
{
	struct api_key key;

	if (!op_provision_limit(call->op, call->in, &key, err_r))
		return false;
	return call_reply(call, &(struct limited){
		.success = true, .key_info = &key,
		.message = "The limit counts from the next request on",
	});
}

const struct route provision_routes[] = {
	{ .method = HTTP_POST, .pattern = "/admin/provision-api-key",
	  .label = "admin_provision_key", .pool = POOL_SLOW, .guard = GUARD_ADMIN,
	  .fn = provision_key, .body_max = BODY_SMALL, .in = &provision_schema,
	  .status = 201, .out = &provisioned_schema,
	  .summary = "Make an API key for a user, with a limit of its own if you like" },
	{ .method = HTTP_POST, .pattern = "/admin/update-key-limits",
	  .label = "admin_update_key_limits", .pool = POOL_SLOW, .guard = GUARD_ADMIN,
	  .fn = update_limits, .body_max = BODY_SMALL, .in = &limit_schema, .status = 200,
	  .out = &limited_schema, .summary = "Raise or lower the limit of an API key" },
	{ 0 },
};
