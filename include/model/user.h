/*
 * model/user.h - a user, as his row is read and shown.
 */
#ifndef PIERRE_MODEL_USER_H
#define PIERRE_MODEL_USER_H

#include "base/field.h"

#define EMAIL_MAX 254   /* bytes, as it is given and in its canonical form */

struct user {
	const char *id, *email, *email_key, *display_name, *password_hash;
	const char *tier;          /* starter | professional | enterprise */
	const char *tenant_id;     /* NULL until one is given */
	const char *user_status;   /* pending | active | suspended */
	bool is_admin;
	const char *approved_by;
	int64_t approved_at, created_at, updated_at, last_active;
};
extern const struct field_schema user_schema;   /* "User" */
/* What user_status and tier may be, as the CHECKs of the schema say; NULL at the end. */
extern const char *const user_status_words[], *const tier_words[];

/* The same struct as the user who stands behind a session or a key, as the joins of
 * session.sql and key.sql select him (columns owner_*): without password_hash. */
extern const struct field_schema owner_schema;

/* One of the accounts whose addresses have one canonical form. */
struct user_collision {
	const char *canonical_email, *id, *email, *user_status;
	int64_t created_at, last_active;
};
extern const struct field_schema user_collision_schema;   /* "UserCollision" */

#endif
