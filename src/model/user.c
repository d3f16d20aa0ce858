/* model/user.c - fields of a user: whole, as an owner, in a collision of addresses. */
#include "config.h"

#include "model/check.h"
#include "model/user.h"

const char *const user_status_words[] = { "pending", "active", "suspended", NULL };
const char *const tier_words[] = { "trial", "starter", "professional", "enterprise", NULL };
const char *const user_tier_words[] = { "starter", "professional", "enterprise", NULL };

static const struct field user_fields[] = {
	FIELD(struct user, id, UUID, 0, "The user"),
	FIELD_AS("user_id", struct user, id, UUID, FIELD_INPUT | USER_BRIEF | USER_OWN,
		 "Id of the user"),
	FIELD(struct user, email, TEXT,
	      FIELD_MUST(FIELD_CREATE) | FIELD_MUST(USER_SETUP) | FIELD_MUST(USER_SHELL) | USER_BRIEF |
	      USER_OWN,
	      "Address to log in with, as it was registered. Upper and lower case, composed and "
	      "decomposed characters, and both forms of an international domain (müller.de, "
	      "xn--mller-kva.de) are the same address", .min = 1, .max = EMAIL_MAX),
	FIELD(struct user, email_key, TEXT, FIELD_PRIVATE | FIELD_AUDIT,
	      "E-mail address in the form that is compared", .audit = "email"),
	FIELD(struct user, display_name, TEXT,
	      FIELD_NULLABLE | FIELD_CREATE | USER_SETUP | USER_SHELL | USER_BRIEF | USER_OWN |
	      USER_RENAME,
	      "What to call the person" NAME_RULE, NAME_BOUNDS, .option = "name"),
	FIELD(struct user, password, TEXT, FIELD_INPUT | FIELD_SECRET | FIELD_MUST(FIELD_CREATE) |
	      FIELD_MUST(USER_SETUP) | FIELD_MUST(USER_SHELL),
	      "At least PASSWORD_MIN_LENGTH characters, at most 72 bytes"),
	FIELD(struct user, setup_token, TEXT, FIELD_INPUT | FIELD_SECRET | FIELD_MUST(USER_SETUP),
	      "The one-time token that `pierre admin setup-token` prints"),
	FIELD(struct user, password_hash, TEXT, FIELD_PRIVATE | FIELD_SECRET,
	      "bcrypt hash of the password"),
	FIELD(struct user, tier, TEXT, USER_SHELL | FIELD_AUDIT | USER_OWN | FIELD_PATCH,
	      "Highest tier of the user's API keys", .values = user_tier_words),
	FIELD(struct user, tenant_id, UUID,
	      FIELD_NULLABLE | FIELD_AUDIT | USER_OWN | FIELD_PATCH,
	      "The tenant that the user works in after a login; null = his personal one",
	      .audit = "tenant"),
	FIELD(struct user, tenant_role, TEXT, FIELD_INPUT | FIELD_NULLABLE | USER_OWN,
	      "What the user is in that tenant"),
	FIELD(struct user, user_status, TEXT, FIELD_AUDIT | USER_OWN | FIELD_PATCH, "pending, active or suspended",
	      .values = user_status_words, .audit = "status"),
	FIELD(struct user, role, TEXT, USER_SHELL | FIELD_AUDIT | USER_OWN | FIELD_PATCH,
	      "user; admin: may use /admin; super_admin: also roles and admin tokens",
	      .values = role_words),
	FIELD(struct user, is_admin, BOOL, USER_SHELL, "The same as a role that is not user",
	      .option = "admin"),
	FIELD(struct user, approved_by, UUID, FIELD_NULLABLE,
	      "The admin who approved; null when it was the shell"),
	FIELD(struct user, approved_at, TIME, FIELD_NULLABLE, "When; null unless active"),
	FIELD(struct user, created_at, TIME, USER_OWN, "When the account was registered"),
	FIELD(struct user, updated_at, TIME, 0, "When the account last changed"),
	FIELD(struct user, last_active, TIME, FIELD_NULLABLE | USER_OWN, "The last login"),
	{ 0 },
};
const struct field_schema user_schema = FIELD_SCHEMA("User", struct user, user_fields);
const struct field_schema user_register_schema =
	FIELD_VIEW("Register", struct user, user_fields, FIELD_CREATE);
const struct field_schema user_setup_schema =
	FIELD_VIEW("AdminSetup", struct user, user_fields, USER_SETUP);
const struct field_schema user_shell_schema =
	FIELD_VIEW("UserShell", struct user, user_fields, USER_SHELL);
const struct field_schema user_brief_schema =
	FIELD_VIEW("LoginUser", struct user, user_fields, USER_BRIEF);
const struct field_schema user_own_schema =
	FIELD_VIEW("OwnUser", struct user, user_fields, USER_OWN);
const struct field_schema user_rename_schema =
	FIELD_VIEW("OwnUserPatch", struct user, user_fields, USER_RENAME);
const struct field_schema user_patch_schema =
	FIELD_VIEW("UserPatch", struct user, user_fields, FIELD_PATCH);

enum role user_role(const struct user *user)
{
	enum role role = role_by_word(user->role);

	return role == ROLE_USER && user->is_admin ? ROLE_SUPER_ADMIN : role;
}

static const struct field query_fields[] = {
	FIELD(struct user_query, status, TEXT, FIELD_NULLABLE,
	      "Users of this status only; all when left out", .values = user_status_words),
	FIELD(struct user_query, email, TEXT, FIELD_NULLABLE,
	      "The user with this address, in any spelling of it", .max = EMAIL_MAX),
	PAGE_IN_ROWS(struct user_query, page.),
	{ 0 },
};
const struct field_schema user_query_schema =
	FIELD_SCHEMA("UserQuery", struct user_query, query_fields);

static const struct field approve_fields[] = {
	FIELD(struct user_approve_in, reason, TEXT, FIELD_NULLABLE | USER_SUSPEND,
	      "Kept in the audit event", .max = 500, .value_word = "TEXT"),
	FIELD(struct user_approve_in, create_default_tenant, BOOL, 0,
	      "Also make a tenant that the user owns", .option = "tenant"),
	FIELD(struct user_approve_in, tenant_name, TEXT, FIELD_NULLABLE,
	      "Its name, from the user's when left out" NAME_RULE, NAME_BOUNDS),
	FIELD(struct user_approve_in, tenant_slug, TEXT, FIELD_NULLABLE,
	      "Its short name: a-z, 0-9 and hyphens", .min = 1, .max = SLUG_MAX,
	      .check = slug_check),
	{ 0 },
};
const struct field_schema user_approve_schema =
	FIELD_SCHEMA("UserApprove", struct user_approve_in, approve_fields);
const struct field_schema user_suspend_schema =
	FIELD_VIEW("UserSuspend", struct user_approve_in, approve_fields, USER_SUSPEND);

#define OWNER(member, kind) \
	FIELD(struct user, member, kind, 0, NULL, .column = "owner_" #member)

static const struct field owner_fields[] = {
	OWNER(id, UUID),
	OWNER(email, TEXT),
	OWNER(display_name, TEXT),
	OWNER(tier, TEXT),
	OWNER(user_status, TEXT),
	OWNER(role, TEXT),
	OWNER(is_admin, BOOL),
	{ 0 },
};
const struct field_schema owner_schema = FIELD_SCHEMA("Owner", struct user, owner_fields);

static const struct field collision_fields[] = {
	FIELD(struct user_collision, canonical_email, TEXT, FIELD_REQUIRED,
	      "The form that the addresses share"),
	FIELD(struct user_collision, id, UUID, FIELD_REQUIRED, "The user"),
	FIELD(struct user_collision, email, TEXT, FIELD_REQUIRED,
	      "E-mail address, as it was registered"),
	FIELD(struct user_collision, user_status, TEXT, FIELD_REQUIRED,
	      "pending, active or suspended", .values = user_status_words),
	FIELD(struct user_collision, created_at, TIME, FIELD_REQUIRED,
	      "When the account was registered"),
	FIELD(struct user_collision, last_active, TIME, FIELD_NULLABLE, "The last login"),
	{ 0 },
};
const struct field_schema user_collision_schema =
	FIELD_SCHEMA("UserCollision", struct user_collision, collision_fields);
