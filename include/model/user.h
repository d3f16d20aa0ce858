/*
 * model/user.h - a user: his row, the bodies that make an account and that approve
 * or suspend one.
 */
#ifndef PIERRE_MODEL_USER_H
#define PIERRE_MODEL_USER_H

#include "base/field.h"
#include "model/page.h"
#include "model/role.h"

#define EMAIL_MAX 254   /* bytes, as it is given and in its canonical form */

struct user {
	const char *id, *email, *email_key, *display_name, *password_hash;
	const char *tier;          /* starter | professional | enterprise */
	const char *tenant_id;     /* NULL until one is given */
	const char *user_status;   /* pending | active | suspended */
	const char *role;          /* user | admin | super_admin */
	bool is_admin;             /* role is not user; for one release */
	const char *approved_by;
	int64_t approved_at, created_at, updated_at, last_active;
	/* of bodies alone, and of one reply */
	const char *password, *setup_token, *tenant_role;
};
extern const struct field_schema user_schema;   /* "User" */

/* An administrator from before there were roles is a super_admin (store/fill.h).
 * ROLE_NONE: no role is known. */
enum role user_role(const struct user *user);

/* Views: the body of a registration (FIELD_CREATE), of the setup of the first
 * administrator, of an account that the shell makes; and what a login answers. */
#define USER_SETUP FIELD_OWN_VIEW(0)
#define USER_SHELL FIELD_OWN_VIEW(1)
#define USER_BRIEF FIELD_OWN_VIEW(2)
extern const struct field_schema user_register_schema, user_setup_schema, user_shell_schema,
	user_brief_schema;

/* What users see of their own account and may change, and what an administrator may (FIELD_PATCH). */
#define USER_OWN FIELD_OWN_VIEW(3)
#define USER_RENAME FIELD_OWN_VIEW(4)
extern const struct field_schema user_own_schema, user_rename_schema, user_patch_schema;

/* A list of users: those of one status or all (NULL), or the one of an address. */
struct user_query {
	struct page_in page;
	const char *status;
	const char *email;   /* one, in any spelling of it; NULL = of all addresses */
};
extern const struct field_schema user_query_schema;

/* Approval, and suspension, which has the reason alone. */
struct user_approve_in {
	const char *reason;                     /* kept in the audit event */
	bool create_default_tenant;
	const char *tenant_name, *tenant_slug;  /* NULL: from display name / e-mail */
};
#define USER_SUSPEND FIELD_OWN_VIEW(0)
extern const struct field_schema user_approve_schema, user_suspend_schema;

/* What user_status may be, the tier of a key, and that of a user (and the plan of a
 * tenant), as the CHECKs of the schema say; NULL at the end. */
extern const char *const user_status_words[], *const tier_words[], *const user_tier_words[];

/* The same struct as the owner of a session or a key, as the joins of session.sql and
 * key.sql select it (columns owner_*): without password_hash. */
extern const struct field_schema owner_schema;

/* One of the accounts whose addresses have one canonical form. */
struct user_collision {
	const char *canonical_email, *id, *email, *user_status;
	int64_t created_at, last_active;
};
extern const struct field_schema user_collision_schema;   /* "UserCollision" */

#endif
