/* model/key.c - fields of an API key. */
#include "config.h"

#include <string.h>

#include "base/cidr.h"
#include "base/window.h"
#include "model/check.h"
#include "model/key.h"
#include "model/user.h"

#define SCOPES_MAX 32
#define CIDRS_MAX 32
#define SCOPE_LENGTH_MAX 64

static const char *const granted_words[] = { GRANTED_BY_OWNER, GRANTED_BY_ADMIN, NULL };

static bool scope_check(const char *word, const char *name, struct err *err_r)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:._*/-";
	size_t n = strlen(word);

	return (n >= 1 && n <= SCOPE_LENGTH_MAX && strspn(word, allowed) == n) ||
	       err_field(err_r, ERR_INVALID, name, "%s must be words of 1 to %d characters of "
			 "A-Z a-z 0-9 : . _ * / -", name, SCOPE_LENGTH_MAX);
}

/* auth/token.h */
static bool hash_check(const char *text, const char *name, struct err *err_r)
{
	static const char scheme[] = "sha256-plain:";
	const char *digits = text + sizeof(scheme) - 1;

	if (str_starts(text, "sha256:"))
		return err_field(err_r, ERR_INVALID, name, "%s is that of a key that Pierre made, over a "
				 "salt: such a key is not imported, its database is moved", name);
	return (str_starts(text, scheme) && strlen(digits) == 64 &&
		strspn(digits, "0123456789abcdef") == 64) ||
	       err_field(err_r, ERR_INVALID, name, "%s must be sha256-plain: and 64 hex digits, "
			 "0-9 and a-f", name);
}

static bool cidr_check(const char *text, const char *name, struct err *err_r)
{
	return cidr_valid(text) ||
	       err_field(err_r, ERR_INVALID, name, "%s must be an array of networks like "
			 "192.0.2.0/24 or 2001:db8::/32, whose bits beyond the prefix are 0, or of "
			 "single addresses", name);
}

static const struct field key_fields[] = {
	FIELD(struct api_key, id, UUID, 0, "Id of the key"),
	FIELD(struct api_key, tenant_id, UUID, FIELD_NULLABLE | KEY_PROVISION | KEY_SHELL,
	      "The tenant in which it works, and whose ceiling it is under: one that its owner is "
	      "a member of. null, as until the upgrade has filled it: the owner's personal one",
	      .option = "tenant", .value_word = "TENANT_ID"),
	FIELD(struct api_key, limit_id, UUID, FIELD_PRIVATE, NULL),
	FIELD(struct api_key, rotated_from, UUID, FIELD_NULLABLE | FIELD_AUDIT,
	      "The key that it replaces, with which it shares its quota; null = none",
	      .audit = "replaces"),
	FIELD_AS("api_key_id", struct api_key, id, UUID,
		 FIELD_INPUT | FIELD_MUST(KEY_LIMIT) | FIELD_MUST(KEY_REVOKE), "Any user's key"),
	FIELD(struct api_key, user_id, UUID, FIELD_AUDIT, "Owner, in whose name it acts",
	      .audit = "owner"),
	FIELD(struct api_key, user_email, TEXT,
	      FIELD_INPUT | FIELD_MUST(KEY_PROVISION) | FIELD_MUST(KEY_IMPORT),
	      "Whose key it will be", .min = 1, .max = EMAIL_MAX),
	FIELD(struct api_key, name, TEXT, FIELD_MUST(FIELD_CREATE) | FIELD_PATCH | KEY_SHELL | FIELD_MUST(KEY_IMPORT),
	      "What the owner calls it" NAME_RULE, NAME_BOUNDS),
	FIELD(struct api_key, description, TEXT,
	      FIELD_NULLABLE | FIELD_CREATE | FIELD_PATCH | KEY_PROVISION | KEY_SHELL | KEY_IMPORT,
	      "What it is for", .max = 500, .value_word = "TEXT"),
	FIELD(struct api_key, tier, TEXT,
	      FIELD_CREATE | FIELD_MUST(KEY_PROVISION) | KEY_SHELL | KEY_IMPORT | FIELD_AUDIT,
	      "Its owner's where a body may leave it out; above it only when an administrator "
	      "makes the key by REST", .values = tier_words),
	FIELD(struct api_key, key_prefix, TEXT, FIELD_AUDIT,
	      "Public id: the first 16 characters of the key; of an imported one # and its hash"),
	FIELD(struct api_key, key_hash, TEXT, FIELD_PRIVATE, NULL),
	FIELD_AS("hash", struct api_key, key_hash, TEXT, FIELD_INPUT | FIELD_MUST(KEY_IMPORT),
		 "Of the key that another program made: sha256-plain: and the 64 hex digits of the "
		 "SHA-256 of its whole text. A key that Pierre made stays what it is whoever "
		 "imports its hash", .check = hash_check),
	FIELD(struct api_key, scopes, STRINGS, FIELD_CREATE | FIELD_PATCH | KEY_SHELL | KEY_IMPORT,
	      "Words your services give a meaning to; of a key that an administrator granted, its "
	      "owner may take some away", .max = SCOPES_MAX, .check = scope_check),
	FIELD(struct api_key, allowed_cidrs, STRINGS,
	      FIELD_CREATE | FIELD_PATCH | KEY_PROVISION | KEY_SHELL | KEY_IMPORT,
	      "Networks that the key may be used from, as 192.0.2.0/24 or 2001:db8::/32; none = "
	      "from all. Of a key that an administrator granted, its owner may only make them "
	      "narrower", .max = CIDRS_MAX, .check = cidr_check, .value_word = "CIDR,CIDR"),
	FIELD(struct api_key, metadata, JSON, FIELD_CREATE | FIELD_PATCH | KEY_PROVISION | KEY_IMPORT,
	      "A JSON object that its owner keeps with the key, replaced as a whole: at most 32768 "
	      "bytes and 1000 members; numbers are kept as int64 or double", .max = KEY_METADATA_MAX),
	FIELD(struct api_key, rate_limit_requests, INT,
	      FIELD_NULLABLE | FIELD_CREATE | KEY_PROVISION | KEY_LIMIT | KEY_SHELL | KEY_IMPORT,
	      "Requests in one window, a month unless rate_limit_period says another; null or left "
	      "out: the tier's. More than the tier's only when an administrator sets it by REST", .min = 1, .max = KEY_LIMIT_MAX),
	FIELD(struct api_key, rate_limit_period, TEXT,
	      FIELD_NULLABLE | KEY_PROVISION | KEY_LIMIT | KEY_IMPORT,
	      "Window of rate_limit_requests: hour, day, week (from Monday, as in ISO 8601) or month "
	      "of the calendar in UTC; month when left out", .values = window_words),
	FIELD(struct api_key, limit_mode, TEXT, FIELD_PRIVATE, NULL),
	FIELD(struct api_key, granted_by, TEXT, 0,
	      "owner: its owner made it; admin: an administrator did, and the owner may take away "
	      "from it, not add to it", .values = granted_words),
	FIELD(struct api_key, is_active, BOOL, 0, "False once revoked or, within a minute, expired"),
	FIELD(struct api_key, opens_rest, BOOL, 0,
	      "Its scopes open routes of Pierre's own too, as usage:read does; false for keys of "
	      "older versions until their owner sets the scopes"),
	FIELD(struct api_key, last_used_at, TIME, FIELD_NULLABLE,
	      "The last use that was written down"),
	FIELD(struct api_key, expires_in_days, INT,
	      FIELD_INPUT | FIELD_CREATE | KEY_PROVISION | KEY_SHELL,
	      "Days until the key ends; the tier's when left out", .min = 1, .max = KEY_DAYS_MAX),
	FIELD(struct api_key, expires_at, TIME, FIELD_NULLABLE | FIELD_PATCH | KEY_IMPORT,
	      "The key is refused from here on; null = never. At most what a new key could have, "
	      "and only an earlier one when an administrator granted the key"),
	FIELD(struct api_key, revoked_at, TIME, FIELD_NULLABLE,
	      "When it was revoked; null = it was not"),
	FIELD(struct api_key, revoked_reason, TEXT, FIELD_NULLABLE | FIELD_AUDIT | FIELD_FREE,
	      "Why it was revoked, when that was said", .audit = "reason"),
	FIELD_AS("reason", struct api_key, revoked_reason, TEXT, FIELD_INPUT | KEY_REVOKE,
		 "Kept with the key and in the audit event, without what looks like a secret", .max = 500, .value_word = "TEXT"),
	FIELD(struct api_key, created_at, TIME, 0, "When it was made"),
	FIELD(struct api_key, updated_at, TIME, 0, "When anything but its use last changed"),
	{ 0 },
};
const struct field_schema api_key_schema = FIELD_SCHEMA("ApiKey", struct api_key, key_fields);
const struct field_schema api_key_create_schema =
	FIELD_VIEW("ApiKeyCreate", struct api_key, key_fields, FIELD_CREATE);
const struct field_schema api_key_patch_schema =
	FIELD_VIEW("ApiKeyPatch", struct api_key, key_fields, FIELD_PATCH);
const struct field_schema api_key_provision_schema =
	FIELD_VIEW("ProvisionKey", struct api_key, key_fields, KEY_PROVISION);
const struct field_schema api_key_limit_schema =
	FIELD_VIEW("KeyLimitUpdate", struct api_key, key_fields, KEY_LIMIT);
const struct field_schema api_key_shell_schema =
	FIELD_VIEW("ApiKeyShell", struct api_key, key_fields, KEY_SHELL);
const struct field_schema api_key_revoke_schema =
	FIELD_VIEW("RevokeKey", struct api_key, key_fields, KEY_REVOKE);
const struct field_schema api_key_import_schema =
	FIELD_VIEW("ApiKeyImport", struct api_key, key_fields, KEY_IMPORT);

static const struct field rotate_fields[] = {
	FIELD(struct key_rotate_in, overlap_seconds, INT, FIELD_NULLABLE,
	      "The old key works on so long, never beyond its own end; a day when left out",
	      .max = KEY_OVERLAP_MAX),
	{ 0 },
};
const struct field_schema key_rotate_schema =
	FIELD_SCHEMA("ApiKeyRotate", struct key_rotate_in, rotate_fields);
