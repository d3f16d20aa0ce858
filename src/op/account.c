/* account.c - from a request to a row of `users`: checked, and the password hashed. */
#include "config.h"

#include "auth/auth.h"
#include "op/account.h"
#include "op/hashing.h"
#include "store/email.h"

static bool check(struct op *op, const struct user *in, const char **email_key_r,
		  struct err *err_r)
{
	return email_canonical(op->arena, in->email, email_key_r, err_r) &&
	       password_check(in->password, op->process->conf->password_min, "password", err_r);
}

bool account_prepare(struct op *op, const struct user *in, bool active, struct user *out,
		     struct err *err_r)
{
	char hash[PASSWORD_HASH], id[UUID_TEXT];
	const char *email_key;

	if (!check(op, in, &email_key, err_r) || !op_password_hash(op, in->password, hash, err_r))
		return false;
	random_uuid(id);
	*out = (struct user){
		.id = arena_strdup(op->arena, id),
		.email = arena_strdup(op->arena, in->email),
		.email_key = email_key,
		.display_name = arena_strdup(op->arena, in->display_name),
		.password_hash = arena_strdup(op->arena, hash),
		.tier = in->tier,
		.user_status = active ? "active" : "pending",
		.role = in->role,
		.is_admin = role_by_word(in->role) > ROLE_USER,
		.approved_at = active ? op->now : TIME_NONE,
		.approved_by = active ? op->actor.user_id : NULL,
		.created_at = op->now,
		.updated_at = op->now,
		.last_active = TIME_NONE,
	};
	return true;
}
