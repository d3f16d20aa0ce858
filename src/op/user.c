/*
 * user.c - registration, creation from the shell, look-ups, lists.
 * Approval is in approve.c, other changes in user_update.c, passwords in password.c, the first
 * admin in admin.c.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "op/account.h"
#include "op/audit.h"
#include "op/page.h"
#include "store/user.h"

#define TIER_DEFAULT "starter"

static bool insert(struct op *op, const struct user *user, struct err *err_r)
{
	struct audit_event event =
		op_audit_of(op, AUDIT_USER_REGISTERED, user->id, &user_schema, user);

	return store_user_create(op->db, &event, user, err_r);
}

bool op_user_register(struct op *op, const struct user *in, struct user *out,
		      struct err *err_r)
{
	struct user account = *in;

	account.tier = TIER_DEFAULT;
	account.role = "user";
	return field_check(&user_register_schema, in, err_r) &&
	       account_prepare(op, &account, op->process->conf->auto_approve_users, out, err_r) &&
	       insert(op, out, err_r);
}

bool op_user_create(struct op *op, const struct user *in, struct user *out,
		    struct err *err_r)
{
	struct user account = *in;

	if (!account.tier)
		account.tier = TIER_DEFAULT;
	if (!account.role)
		account.role = in->is_admin ? "super_admin" : "user";
	return field_check(&user_shell_schema, in, err_r) &&
	       account_prepare(op, &account, true, out, err_r) && insert(op, out, err_r);
}

bool op_user_get(struct op *op, struct scope scope, const char *id_or_email,
		 struct user *out, struct err *err_r)
{
	char id[UUID_TEXT];

	if (uuid_parse(id_or_email, id))
		return store_user_by_id(op->db, scope, id, op->arena, out, err_r);
	if (!utf8_valid(id_or_email, strlen(id_or_email)))
		return err_set(err_r, ERR_NOT_FOUND, "No user found");
	/* an e-mail finds an id; the row is what the scope allows */
	return store_user_by_email(op->db, id_or_email, op->arena, out, err_r) &&
	       store_user_by_id(op->db, scope, out->id, op->arena, out, err_r);
}

/* None or one. */
static bool list_one(struct op *op, struct scope scope, const struct user_query *in,
		     struct page_out *out, struct err *err_r)
{
	struct user *user = arena_new_struct(op->arena, struct user);
	struct err err;
	bool found = op_user_get(op, scope, in->email, user, &err);

	*out = (struct page_out){ .rows = { user, found &&
		(!in->status || str_eq(user->user_status, in->status)) } };
	if (found || err.kind == ERR_NOT_FOUND)
		return true;
	*err_r = err;
	return false;
}

static const struct page_list user_list = PAGE_LIST(struct user, store_user_list);

bool op_user_list(struct op *op, struct scope scope, const struct user_query *in,
		  struct page_out *out, struct err *err_r)
{
	if (!field_check(&user_query_schema, in, err_r))
		return false;
	if (in->email)
		return list_one(op, scope, in, out, err_r);
	return op_page(op, scope, &user_list, in, &in->page, out, err_r);
}

bool op_user_collisions(struct op *op, struct scope scope, struct field_list *out,
			struct err *err_r)
{
	return store_user_collisions(op->db, scope, op->arena, out, err_r);
}
