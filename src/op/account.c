/* account.c - from what was asked for to a row of users, checked and hashed. */
#include "config.h"

#include "auth/auth.h"
#include "op/account.h"
#include "op/check.h"
#include "op/hashing.h"

static bool check(struct op *op, const struct account_in *in, struct err *err_r)
{
	return email_check(in->email, err_r) &&
	       name_check(in->display_name, "display_name", err_r) &&
	       password_check(in->password, op->conf->password_min, "password", err_r);
}

bool account_make(struct op *op, const struct account_in *in, struct user *out,
		  struct err *err_r)
{
	char hash[PASSWORD_HASH], id[UUID_TEXT];

	if (!check(op, in, err_r) || !op_password_hash(op, in->password, hash, err_r))
		return false;
	random_uuid(id);
	*out = (struct user){
		.id = arena_strdup(op->arena, id),
		.email = arena_strdup(op->arena, in->email),
		.email_key = email_fold(op->arena, in->email),
		.display_name = arena_strdup(op->arena, in->display_name),
		.password_hash = arena_strdup(op->arena, hash),
		.tier = in->tier,
		.user_status = in->active ? "active" : "pending",
		.is_admin = in->is_admin,
		.approved_at = in->active ? op->now : TIME_NONE,
		.approved_by = in->active ? op->actor.user_id : NULL,
		.created_at = op->now,
		.updated_at = op->now,
		.last_active = TIME_NONE,
	};
	return true;
}
