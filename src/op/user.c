/*
 * user.c - registration, creation from the shell, look-ups, lists.
 * Approval and suspension are in approve.c, passwords in password.c, the first
 * admin in admin.c.
 */
#include "config.h"

#include <string.h>

#include "op/account.h"
#include "op/audit.h"
#include "op/check.h"
#include "op/cursor.h"
#include "op/key.h"
#include "store/user.h"

#define TIER_DEFAULT "starter"

static bool insert(struct op *op, const struct user *user, struct err *err_r)
{
	struct audit_event event =
		op_audit_of(op, AUDIT_USER_REGISTERED, user->id, &user_schema, user);

	return store_user_insert(op->db, &event, user, err_r);
}

bool op_user_register(struct op *op, const struct user_register_in *in,
		      struct user *out, struct err *err_r)
{
	struct account_in account = {
		.email = in->email, .password = in->password,
		.display_name = in->display_name, .tier = TIER_DEFAULT,
		.active = op->process->conf->auto_approve_users,
	};

	return account_make(op, &account, out, err_r) && insert(op, out, err_r);
}

bool op_user_create(struct op *op, const struct user_create_in *in,
		    struct user *out, struct err *err_r)
{
	const struct tier *tier = tier_find(in->tier ? in->tier : TIER_DEFAULT);
	struct account_in account = {
		.email = in->email, .password = in->password,
		.display_name = in->display_name, .active = true,
		.is_admin = in->is_admin,
	};

	if (!tier || !tier->for_users)
		return err_field(err_r, ERR_INVALID, "tier",
				 "The tier must be starter, professional or enterprise");
	account.tier = tier->name;
	return account_make(op, &account, out, err_r) && insert(op, out, err_r);
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

static bool status_check(const char *status, struct err *err_r)
{
	if (!status)
		return true;
	for (const char *const *word = user_status_words; *word; word++)
		if (str_eq(*word, status))
			return true;
	return err_field(err_r, ERR_INVALID, "status",
			 "The status must be pending, active or suspended");
}

bool op_user_list(struct op *op, struct scope scope, const struct user_list_in *in,
		  struct user_list_out *out, struct err *err_r)
{
	struct store_page rows;
	struct page page;

	if (!status_check(in->status, err_r) ||
	    !page_parse(&page, in->limit, in->cursor, err_r))
		return false;
	rows = (struct store_page){ page.before_at, page.before_id, page.fetch };
	if (!store_user_list(op->db, scope, in->status, &rows, op->arena, &out->users, err_r))
		return false;
	out->next_cursor = page_cut(&page, op->arena, &out->users, sizeof(struct user),
				    offsetof(struct user, created_at),
				    offsetof(struct user, id));
	return true;
}

bool op_user_collisions(struct op *op, struct scope scope, struct field_list *out,
			struct err *err_r)
{
	return store_user_collisions(op->db, scope, op->arena, out, err_r);
}
