/* model/password_reset.h - a way to a new password, that an administrator hands over. */
#ifndef PIERRE_MODEL_PASSWORD_RESET_H
#define PIERRE_MODEL_PASSWORD_RESET_H

#include "base/field.h"

struct password_reset {
	const char *id, *user_id, *token_hash, *created_by;
	int64_t expires_at, created_at;
	const char *reset_token;   /* of the one reply that shows it */
};
extern const struct field_schema password_reset_schema;

/* View: what is answered to who made it. */
#define RESET_SHOWN FIELD_OWN_VIEW(0)
extern const struct field_schema password_reset_shown_schema;   /* "PasswordResetToken" */

struct password_reset_in {
	const char *reset_token, *new_password;
};
extern const struct field_schema password_reset_in_schema;      /* "PasswordResetDone" */

#endif
