/* model/user.c - fields of a user: whole, as an owner, in a collision of addresses. */
#include "config.h"

#include "model/user.h"

const char *const user_status_words[] = { "pending", "active", "suspended", NULL };
const char *const tier_words[] = { "trial", "starter", "professional", "enterprise", NULL };

static const struct field user_fields[] = {
	FIELD(struct user, id, UUID, FIELD_REQUIRED, "The user"),
	FIELD(struct user, email, TEXT, FIELD_REQUIRED, "E-mail address, as it was registered"),
	FIELD(struct user, email_key, TEXT, FIELD_PRIVATE | FIELD_AUDIT,
	      "E-mail address in the form that is compared", .audit = "email"),
	FIELD(struct user, display_name, TEXT, FIELD_NULLABLE, "What to call the person"),
	FIELD(struct user, password_hash, TEXT, FIELD_PRIVATE | FIELD_SECRET,
	      "bcrypt hash of the password"),
	FIELD(struct user, tier, TEXT, FIELD_REQUIRED | FIELD_AUDIT,
	      "Highest tier of the user's API keys", .values = tier_words),
	FIELD(struct user, tenant_id, UUID, FIELD_NULLABLE, "The tenant the user works in"),
	FIELD(struct user, user_status, TEXT, FIELD_REQUIRED | FIELD_AUDIT,
	      "pending, active or suspended", .values = user_status_words, .audit = "status"),
	FIELD(struct user, is_admin, BOOL, FIELD_REQUIRED | FIELD_AUDIT, "May use /admin",
	      .audit = "admin"),
	FIELD(struct user, approved_by, UUID, FIELD_NULLABLE,
	      "The admin who approved; null when it was the shell"),
	FIELD(struct user, approved_at, TIME, FIELD_NULLABLE, "When; null unless active"),
	FIELD(struct user, created_at, TIME, FIELD_REQUIRED, "When the account was registered"),
	FIELD(struct user, updated_at, TIME, FIELD_REQUIRED, "When the account last changed"),
	FIELD(struct user, last_active, TIME, FIELD_NULLABLE, "The last login"),
	{ 0 },
};
const struct field_schema user_schema = FIELD_SCHEMA("User", struct user, user_fields);

#define OWNER(member, kind) \
	FIELD(struct user, member, kind, 0, NULL, .column = "owner_" #member)

static const struct field owner_fields[] = {
	OWNER(id, UUID),
	OWNER(email, TEXT),
	OWNER(email_key, TEXT),
	OWNER(display_name, TEXT),
	OWNER(tier, TEXT),
	OWNER(tenant_id, UUID),
	OWNER(user_status, TEXT),
	OWNER(is_admin, BOOL),
	OWNER(approved_by, UUID),
	OWNER(approved_at, TIME),
	OWNER(created_at, TIME),
	OWNER(updated_at, TIME),
	OWNER(last_active, TIME),
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
	      "pending, active or suspended"),
	FIELD(struct user_collision, created_at, TIME, FIELD_REQUIRED,
	      "When the account was registered"),
	FIELD(struct user_collision, last_active, TIME, FIELD_NULLABLE, "The last login"),
	{ 0 },
};
const struct field_schema user_collision_schema =
	FIELD_SCHEMA("UserCollision", struct user_collision, collision_fields);
