/* model/admin_token.c - fields of admin tokens and of what was provisioned. */
#include "config.h"

#include "model/admin_token.h"
#include "model/check.h"
#include "model/permission.h"

#define DAYS_MAX 3650
#define OVERLAP_MAX 2592000   /* 30 days */

static const struct field token_fields[] = {
	FIELD_AS("token_id", struct admin_token, id, UUID, 0, "Id of the admin token",
		 .column = "id"),
	FIELD(struct admin_token, service_name, TEXT, FIELD_MUST(FIELD_CREATE) | FIELD_AUDIT | FIELD_FREE,
	      "The program that it is for" NAME_RULE, NAME_BOUNDS),
	FIELD(struct admin_token, service_description, TEXT, FIELD_NULLABLE | FIELD_CREATE,
	      "What that does", .max = 500),
	FIELD(struct admin_token, token_hash, TEXT, FIELD_PRIVATE | FIELD_SECRET, NULL),
	FIELD(struct admin_token, token_prefix, TEXT, FIELD_AUDIT,
	      "Its first characters, by which people know it"),
	FIELD(struct admin_token, permissions, STRINGS, FIELD_CREATE,
	      "What it may do; the first four when left out", .max = 7,
	      .values = permission_words),
	FIELD(struct admin_token, is_super_admin, BOOL, FIELD_CREATE | FIELD_AUDIT,
	      "All permissions; it makes no tokens either", .audit = "all_permissions"),
	FIELD(struct admin_token, is_active, BOOL, 0, "Neither revoked nor expired"),
	FIELD(struct admin_token, created_by, UUID, FIELD_NULLABLE,
	      "The super_admin who made it; it stays good without him"),
	FIELD(struct admin_token, expires_at, TIME, FIELD_NULLABLE,
	      "It is refused from here on; null = never"),
	FIELD(struct admin_token, revoked_at, TIME, FIELD_NULLABLE, "When it was revoked"),
	FIELD(struct admin_token, rotated_to, UUID, FIELD_NULLABLE, "The token that replaces it"),
	FIELD(struct admin_token, last_used_at, TIME, FIELD_NULLABLE, "Its last call"),
	FIELD(struct admin_token, last_used_ip, TEXT, FIELD_NULLABLE, "Where that came from"),
	FIELD(struct admin_token, usage_count, INT, 0, "How many calls it has made"),
	FIELD(struct admin_token, created_at, TIME, 0, "When it was made"),
	FIELD(struct admin_token, updated_at, TIME, 0, "When it last changed, but by being used"),
	FIELD(struct admin_token, expires_in_days, INT,
	      FIELD_INPUT | FIELD_CREATE | ADMIN_TOKEN_ROTATE,
	      "Days until it ends, 0 = never; left out: never, and of a rotation as long as the "
	      "old one was made for", .min = 0, .max = DAYS_MAX),
	FIELD(struct admin_token, overlap_seconds, INT, FIELD_INPUT | ADMIN_TOKEN_ROTATE,
	      "How long the old one goes on, 0 when left out; never past its own end",
	      .min = 0, .max = OVERLAP_MAX),
	{ 0 },
};
const struct field_schema admin_token_schema =
	FIELD_SCHEMA("AdminToken", struct admin_token, token_fields);
const struct field_schema admin_token_create_schema =
	FIELD_VIEW("AdminTokenCreate", struct admin_token, token_fields, FIELD_CREATE);
const struct field_schema admin_token_rotate_schema =
	FIELD_VIEW("AdminTokenRotate", struct admin_token, token_fields, ADMIN_TOKEN_ROTATE);

static const struct field query_fields[] = {
	FIELD(struct admin_token_query, include_inactive, BOOL, FIELD_NULLABLE,
	      "Also those that are revoked or have expired"),
	FIELD(struct admin_token_query, prefix, TEXT, FIELD_NULLABLE,
	      "Those with this token_prefix", .max = 16),
	PAGE_IN_ROWS(struct admin_token_query, page.),
	{ 0 },
};
const struct field_schema admin_token_query_schema =
	FIELD_SCHEMA("AdminTokenQuery", struct admin_token_query, query_fields);

static const char *const key_status_words[] = { "active", "revoked", "expired", NULL };

static const struct field provisioned_fields[] = {
	FIELD(struct provisioned_key, id, UUID, 0, "Id of this row"),
	FIELD(struct provisioned_key, token_id, UUID, FIELD_NULLABLE,
	      "The admin token that made the key"),
	FIELD(struct provisioned_key, admin_user_id, UUID, FIELD_NULLABLE,
	      "The administrator who made it"),
	FIELD(struct provisioned_key, api_key_id, UUID, 0, "The key"),
	FIELD(struct provisioned_key, user_email, TEXT, 0, "Address of its owner"),
	FIELD(struct provisioned_key, requested_tier, TEXT, 0, "Its tier"),
	FIELD(struct provisioned_key, provisioned_by_service, TEXT, FIELD_NULLABLE,
	      "The program whose token made it"),
	FIELD(struct provisioned_key, rate_limit_requests, INT, FIELD_NULLABLE,
	      "The limit that was asked for; null = that of the tier"),
	FIELD(struct provisioned_key, rate_limit_period, TEXT, FIELD_NULLABLE, "Its window"),
	FIELD(struct provisioned_key, key_status, TEXT, 0, "The key as it is now",
	      .values = key_status_words),
	FIELD_AS("provisioned_at", struct provisioned_key, created_at, TIME, 0,
		 "When the key was made", .column = "created_at"),
	FIELD(struct provisioned_key, revoked_at, TIME, FIELD_NULLABLE,
	      "When it was revoked"),
	FIELD(struct provisioned_key, revoked_reason, TEXT, FIELD_NULLABLE,
	      "Why"),
	{ 0 },
};
const struct field_schema provisioned_key_row_schema =
	FIELD_SCHEMA("ProvisionedKeyRow", struct provisioned_key, provisioned_fields);

static const struct field provisioned_query_fields[] = {
	FIELD(struct provisioned_query, token_id, UUID, FIELD_NULLABLE, "Keys of this token only"),
	FIELD(struct provisioned_query, from, TIME, FIELD_NULLABLE, "The first moment"),
	FIELD(struct provisioned_query, to, TIME, FIELD_NULLABLE, "The moment after the last"),
	PAGE_IN_ROWS(struct provisioned_query, page.),
	{ 0 },
};
const struct field_schema provisioned_query_schema =
	FIELD_SCHEMA("ProvisionedQuery", struct provisioned_query, provisioned_query_fields);
