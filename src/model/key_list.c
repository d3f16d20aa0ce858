/* model/key_list.c - which keys a list has, and a row of a list of all users' keys. */
#include "config.h"

#include "base/window.h"
#include "model/key.h"
#include "model/user.h"

const char *const key_state_words[] = { "active", "expired", "revoked", "all", NULL };
static const char *const yes_no_words[] = { "true", "false", NULL };

#define FILTER_ROWS(all) \
	FIELD(struct key_query, state, TEXT, FIELD_NULLABLE, \
	      "active, expired (past its end and not revoked), revoked or all; " all, \
	      .values = key_state_words), \
	FIELD(struct key_query, tier, TEXT, FIELD_NULLABLE, "Only keys of this tier", \
	      .values = tier_words), \
	FIELD(struct key_query, q, TEXT, FIELD_NULLABLE, \
	      "Only keys whose name, description or public id has this text; A-Z is as a-z", \
	      .min = 1, .max = 100, .value_word = "TEXT")

static const struct field query_fields[] = {
	FILTER_ROWS("all when left out"),
	PAGE_IN_ROWS(struct key_query, page.),
	{ 0 },
};
const struct field_schema key_query_schema =
	FIELD_SCHEMA("KeyQuery", struct key_query, query_fields);

#define SEARCH_ROWS \
	FILTER_ROWS("when left out, active_only says it"), \
	FIELD(struct key_query, active_only, TEXT, FIELD_NULLABLE, \
	      "false: keys of every state; true when left out", .values = yes_no_words), \
	FIELD(struct key_query, user_email, TEXT, FIELD_NULLABLE, "Only keys of this user", \
	      .min = 1, .max = EMAIL_MAX), \
	FIELD(struct key_query, tenant_id, UUID, FIELD_NULLABLE, "Only keys that work in this tenant")

static const struct field search_fields[] = {
	SEARCH_ROWS,
	PAGE_IN_ROWS(struct key_query, page.),
	{ 0 },
};
const struct field_schema key_search_schema =
	FIELD_SCHEMA("KeySearch", struct key_query, search_fields);

static const struct field filters_fields[] = {
	SEARCH_ROWS,
	{ 0 },
};
const struct field_schema key_filters_schema =
	FIELD_SCHEMA("KeyFilters", struct key_query, filters_fields);

static const struct field rate_limit_fields[] = {
	FIELD(struct rate_limit, requests, INT, FIELD_NULLABLE,
	      "Requests in one window; null = unlimited"),
	FIELD(struct rate_limit, period, TEXT, FIELD_REQUIRED, "hour, day, week or month",
	      .values = window_words),
	{ 0 },
};
const struct field_schema rate_limit_schema =
	FIELD_SCHEMA("RateLimit", struct rate_limit, rate_limit_fields);

#define OF_KEY(member, kind, flags, ...) \
	FIELD_AS(#member, struct key_found, key.member, kind, flags, __VA_ARGS__)

static const struct field found_fields[] = {
	OF_KEY(id, UUID, 0, "Id of the key"),
	OF_KEY(user_id, UUID, 0, "Its owner"),
	FIELD(struct key_found, user_email, TEXT, 0, "The owner's e-mail address"),
	OF_KEY(tenant_id, UUID, FIELD_NULLABLE,
	       "The tenant in which it works; null = its owner's personal one"),
	OF_KEY(name, TEXT, 0, "What the owner calls it"),
	OF_KEY(description, TEXT, FIELD_NULLABLE, "What it is for"),
	OF_KEY(key_prefix, TEXT, 0, "Public id: the first 16 characters of the key"),
	OF_KEY(tier, TEXT, 0, "Its tier", .values = tier_words),
	OF_KEY(rate_limit_requests, INT, FIELD_PRIVATE, NULL),
	OF_KEY(rate_limit_period, TEXT, FIELD_PRIVATE, NULL),
	FIELD(struct key_found, rate_limit, OBJECT, 0, "Its own limit, or that of its tier",
	      .schema = &rate_limit_schema, .column = ""),
	OF_KEY(scopes, STRINGS, 0, "Its scopes"),
	OF_KEY(is_active, BOOL, 0, "False once revoked or, within a minute, expired"),
	OF_KEY(created_at, TIME, 0, "When it was made"),
	OF_KEY(last_used_at, TIME, FIELD_NULLABLE, "The last use that was written down"),
	OF_KEY(expires_at, TIME, FIELD_NULLABLE, "The key is refused from here on; null = never"),
	OF_KEY(revoked_at, TIME, FIELD_NULLABLE, "When it was revoked; null = it was not"),
	FIELD(struct key_found, usage_count, INT, FIELD_NULLABLE,
	      "Requests that were let through in this calendar month (UTC); null where it is not known",
	      .column = ""),
	{ 0 },
};
const struct field_schema key_found_schema =
	FIELD_SCHEMA("KeyFound", struct key_found, found_fields);
