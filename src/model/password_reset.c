/* model/password_reset.c - fields of a password reset. */
#include "config.h"

#include "model/password_reset.h"

static const struct field reset_fields[] = {
	FIELD(struct password_reset, id, UUID, 0, NULL),
	FIELD(struct password_reset, user_id, UUID, 0, NULL),
	FIELD(struct password_reset, token_hash, TEXT, FIELD_PRIVATE | FIELD_SECRET, NULL),
	FIELD(struct password_reset, created_by, UUID, FIELD_NULLABLE, NULL),
	FIELD(struct password_reset, reset_token, TEXT, FIELD_INPUT | FIELD_SECRET | RESET_SHOWN,
	      "Shown this once: hand it to the user, who sends it to POST /api/auth/complete-reset"),
	FIELD(struct password_reset, expires_at, TIME, RESET_SHOWN, "It is refused from here on"),
	FIELD(struct password_reset, created_at, TIME, 0, NULL),
	{ 0 },
};
const struct field_schema password_reset_schema =
	FIELD_SCHEMA("PasswordReset", struct password_reset, reset_fields);
const struct field_schema password_reset_shown_schema =
	FIELD_VIEW("PasswordResetToken", struct password_reset, reset_fields, RESET_SHOWN);

static const struct field in_fields[] = {
	FIELD(struct password_reset_in, reset_token, TEXT, FIELD_REQUIRED | FIELD_SECRET,
	      "What the administrator handed over"),
	FIELD(struct password_reset_in, new_password, TEXT, FIELD_REQUIRED | FIELD_SECRET,
	      "At least PASSWORD_MIN_LENGTH characters, at most 72 bytes"),
	{ 0 },
};
const struct field_schema password_reset_in_schema =
	FIELD_SCHEMA("PasswordResetDone", struct password_reset_in, in_fields);
