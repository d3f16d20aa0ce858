/*
 * admin.c - the first admin: a one-time token, which is stored hashed, printed by
 * `pierre admin setup-token`, and spent by POST /admin/setup.
 */
#include "config.h"

#include <string.h>

#include "auth/auth.h"
#include "auth/token.h"
#include "op/account.h"
#include "op/audit.h"
#include "op/instance.h"
#include "store/instance.h"
#include "store/user.h"

#define SETUP_TOKEN_MS (7 * DAY_MS)

bool op_admin_exists(struct op *op, bool *exists_r, struct err *err_r)
{
	return store_admin_exists(op->db, exists_r, err_r);
}

bool op_admin_setup_token(struct op *op, const char **token_r, struct err *err_r)
{
	struct audit_event event = op_audit(op, AUDIT_SETUP_TOKEN_ISSUED, NULL);
	char token[TOKEN_TEXT], hash[SHA256_HEX];
	struct instance instance;

	if (!op_instance_ensure(op, &instance, err_r))
		return false;
	token_setup_generate(token, hash);
	if (!store_setup_token(op->db, &event, hash, op->now + SETUP_TOKEN_MS, err_r))
		return false;
	*token_r = arena_strdup(op->arena, token);
	explicit_bzero(token, sizeof(token));
	return true;
}

/* Before a password is hashed: can the setup succeed? The transaction checks again. */
static bool may_set_up(struct op *op, const char *hash, struct err *err_r)
{
	struct instance instance;
	bool exists;

	if (!store_admin_exists(op->db, &exists, err_r))
		return false;
	if (exists)
		return err_set(err_r, ERR_CONFLICT, "An admin already exists");
	if (!op_instance_ensure(op, &instance, err_r))
		return false;
	if (!equal_ct(hash, instance.setup_token_hash))
		return err_reason(err_r, ERR_AUTH_INVALID, "unknown",
				  "The setup token is wrong or spent; `pierre admin setup-token` prints a new one");
	if (op->now >= instance.setup_token_expires_at)
		return err_reason(err_r, ERR_AUTH_INVALID, "expired",
				  "The setup token is too old; `pierre admin setup-token` prints a new one");
	return true;
}

bool op_admin_setup(struct op *op, const struct user *in, struct user *out,
		    struct err *err_r)
{
	struct user account = *in;
	struct audit_event event;
	char hash[SHA256_HEX];

	if (!field_check(&user_setup_schema, in, err_r))
		return false;
	account.tier = "enterprise";
	account.role = "super_admin";
	token_hash(in->setup_token, hash);
	if (!may_set_up(op, hash, err_r) || !account_prepare(op, &account, true, out, err_r))
		return false;
	/* the kind of event says the rest */
	event = op_audit_of(op, AUDIT_ADMIN_SETUP, out->id, &user_schema,
			    &(struct user){ .email_key = out->email_key });
	return store_admin_setup(op->db, &event, hash, out, err_r);
}
