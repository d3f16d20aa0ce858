/*
 * What a user's own key may do and has done: its limits and where they stand,
 * and its usage by hour or day. Rules: op/limit.h and op/usage.h.
 */
#include "config.h"

#include "op/key.h"
#include "op/limit.h"
#include "op/usage.h"
#include "resource/call.h"
#include "resource/routes.h"

/* --- limits ----------------------------------------------------------------------- */

struct limit_row {
	const char *name, *window, *tier;
	int64_t limit, used, remaining, starts_at, resets_at;
};

static const struct field limit_fields[] = {
	FIELD(struct limit_row, name, TEXT, FIELD_REQUIRED,
	      "As RateLimit-Policy calls it; user-... is shared by all your keys and sessions"),
	FIELD(struct limit_row, window, TEXT, FIELD_REQUIRED,
	      "hour, day, week (from Monday) or month of the calendar, in UTC", .values = window_words),
	FIELD(struct limit_row, tier, TEXT, FIELD_REQUIRED, "Tier it stands for",
	      .values = tier_words),
	FIELD(struct limit_row, limit, INT, FIELD_REQUIRED, "Requests in one window"),
	FIELD(struct limit_row, used, INT, FIELD_REQUIRED,
	      "Used in this window, or held ready by another host"),
	FIELD(struct limit_row, remaining, INT, FIELD_REQUIRED, "Left in this window"),
	FIELD(struct limit_row, starts_at, TIME, FIELD_REQUIRED, "Begin of this window"),
	FIELD(struct limit_row, resets_at, TIME, FIELD_REQUIRED, "Begin of the next"),
	{ 0 },
};
static const struct field_schema limit_schema =
	FIELD_SCHEMA("Limit", struct limit_row, limit_fields);

struct limits_out {
	const char *api_key_id, *tier;
	struct field_list limits;
};

static const struct field limits_fields[] = {
	FIELD(struct limits_out, api_key_id, UUID, FIELD_REQUIRED, "The key"),
	FIELD(struct limits_out, tier, TEXT, FIELD_REQUIRED, "Tier of the key",
	      .values = tier_words),
	FIELD(struct limits_out, limits, LIST, FIELD_REQUIRED,
	      "All that apply, narrowest first; none = unlimited", .schema = &limit_schema),
	{ 0 },
};
static const struct field_schema limits_schema =
	FIELD_SCHEMA("KeyLimits", struct limits_out, limits_fields);

static struct limit_row row_of(const struct limit_state *s)
{
	return (struct limit_row){
		.name = s->name, .window = window_name(s->kind), .tier = s->tier,
		.limit = s->limit, .used = s->limit - s->remaining, .remaining = s->remaining,
		.starts_at = window_start(s->kind, s->window), .resets_at = s->reset_at,
	};
}

static bool key_limits(struct call *call, struct err *err_r)
{
	struct limit_row rows[LIMITS_MAX];
	struct limit_outcome out;
	struct credential c;
	struct api_key key;

	if (!op_key_get(call->op, scope_own(call->op), call->params[0], &key, err_r))
		return false;
	c = key_credential(&key, call->credential.owner);
	c.tenant = call->credential.tenant;   /* scope_own(): it works in the same one */
	if (!op_limit_explain(call->op, &c, &out, err_r))
		return false;
	for (size_t i = 0; i < out.n; i++)
		rows[i] = row_of(&out.states[i]);
	return call_reply(call, &(struct limits_out){ key.id, key.tier, { rows, out.n } });
}

/* --- usage ------------------------------------------------------------------------ */

struct usage_out {
	const char *api_key_id, *bucket;
	int64_t start_date, end_date, total_requests, total_cost;
	struct field_list buckets;
};

static const struct field usage_fields[] = {
	FIELD(struct usage_out, api_key_id, UUID, FIELD_REQUIRED, "The key"),
	FIELD(struct usage_out, start_date, TIME, FIELD_REQUIRED,
	      "From here on: the first edge of a bucket that is not before what was asked"),
	FIELD(struct usage_out, end_date, TIME, FIELD_REQUIRED,
	      "Up to here, and not beyond: rounded as start_date"),
	FIELD(struct usage_out, bucket, TEXT, FIELD_REQUIRED, "hour or day",
	      .values = usage_bucket_words),
	FIELD(struct usage_out, total_requests, INT, FIELD_REQUIRED, "Requests let through"),
	FIELD(struct usage_out, total_cost, INT, FIELD_REQUIRED, "What they cost of the limits"),
	FIELD(struct usage_out, buckets, LIST, FIELD_REQUIRED,
	      "Those that are not empty, oldest first", .schema = &usage_bucket_schema),
	{ 0 },
};
static const struct field_schema usage_schema =
	FIELD_SCHEMA("KeyUsage", struct usage_out, usage_fields);

static bool key_usage(struct call *call, struct err *err_r)
{
	const struct usage_query *in = call->query;
	struct usage_report out;

	if (!op_usage_report(call->op, scope_own(call->op), call->params[0], in, &out, err_r))
		return false;
	return call_reply(call, &(struct usage_out){
		.api_key_id = call->params[0], .bucket = in->bucket ? in->bucket : "hour",
		.start_date = out.from, .end_date = out.to, .total_requests = out.requests,
		.total_cost = out.cost, .buckets = out.buckets,
	});
}

const struct route usage_routes[] = {
	{ .method = HTTP_GET, .pattern = "/api/keys/{id}/limits", .label = "key_limits",
	  .pool = POOL_SLOW, .guard = GUARD_SCOPED, .scope = "usage:read", .fn = key_limits, .status = 200,
	  .out = &limits_schema, .summary = "Every limit that applies to a key, and where it stands" },
	{ .method = HTTP_GET, .pattern = "/api/keys/{id}/usage", .label = "key_usage",
	  .pool = POOL_SLOW, .guard = GUARD_SCOPED, .scope = "usage:read", .fn = key_usage, .query = &usage_query_schema,
	  .status = 200, .out = &usage_schema,
	  .summary = "What a key was used for, by hour or day" },
	{ 0 },
};
