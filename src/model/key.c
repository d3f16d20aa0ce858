/* model/key.c - fields of an API key. */
#include "config.h"

#include "base/window.h"
#include "model/key.h"
#include "model/user.h"

static const char *const granted_words[] = { GRANTED_BY_OWNER, "admin", NULL };

static const struct field key_fields[] = {
	FIELD(struct api_key, id, UUID, FIELD_REQUIRED, "Id of the key"),
	FIELD(struct api_key, user_id, UUID, FIELD_REQUIRED | FIELD_AUDIT,
	      "Owner, in whose name it acts", .audit = "owner"),
	FIELD(struct api_key, name, TEXT, FIELD_REQUIRED, "What the owner calls it"),
	FIELD(struct api_key, description, TEXT, FIELD_NULLABLE, "What it is for"),
	FIELD(struct api_key, tier, TEXT, FIELD_REQUIRED | FIELD_AUDIT,
	      "trial, starter, professional or enterprise", .values = tier_words),
	FIELD(struct api_key, key_prefix, TEXT, FIELD_REQUIRED | FIELD_AUDIT,
	      "Public id: the first 16 characters of the key"),
	FIELD(struct api_key, key_hash, TEXT, FIELD_PRIVATE, NULL),
	FIELD(struct api_key, scopes, STRINGS, FIELD_REQUIRED,
	      "Words your services give a meaning to"),
	FIELD(struct api_key, rate_limit_requests, INT, FIELD_NULLABLE,
	      "Requests in one window, instead of the tier's"),
	FIELD(struct api_key, rate_limit_period, TEXT, FIELD_NULLABLE,
	      "Window of rate_limit_requests: hour, day or month; null = month",
	      .values = window_words),
	FIELD(struct api_key, granted_by, TEXT, FIELD_REQUIRED,
	      "owner: its owner made it; admin: an administrator did, and the owner may take away "
	      "from it, not add to it", .values = granted_words),
	FIELD(struct api_key, is_active, BOOL, FIELD_REQUIRED, "False once revoked"),
	FIELD(struct api_key, last_used_at, TIME, FIELD_NULLABLE,
	      "The last use that was written down"),
	FIELD(struct api_key, expires_at, TIME, FIELD_NULLABLE,
	      "The key is refused from here on; null = never"),
	FIELD(struct api_key, revoked_at, TIME, FIELD_NULLABLE,
	      "When it was revoked; null = it was not"),
	FIELD(struct api_key, created_at, TIME, FIELD_REQUIRED, "When it was made"),
	FIELD(struct api_key, updated_at, TIME, FIELD_REQUIRED,
	      "When anything but its use last changed"),
	{ 0 },
};
const struct field_schema api_key_schema = FIELD_SCHEMA("ApiKey", struct api_key, key_fields);
