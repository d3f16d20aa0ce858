/*
 * op/user.h - accounts: setup of the first admin, registration, approval, suspension,
 * passwords. The client may see all sentences of errors.
 */
#ifndef PIERRE_OP_USER_H
#define PIERRE_OP_USER_H

#include "model/tenant.h"
#include "model/user.h"
#include "op/op.h"
#include "op/scope.h"

/* E-mail addresses: store/email.h has what is accepted and how they are compared; they
 * are stored as given. */

/* in: by user_register_schema. pending, or active when AUTO_APPROVE_USERS. Same e-mail:
 * ERR_CONFLICT, field email, sentence holding "already exists". */
bool op_user_register(struct op *op, const struct user *in, struct user *out,
		      struct err *err_r);

/* in: by user_setup_schema. Spend the one-time token and make the first admin (active),
 * in one transaction. ERR_AUTH_INVALID: wrong token; ERR_CONFLICT: an admin exists. */
bool op_admin_setup(struct op *op, const struct user *in, struct user *out,
		    struct err *err_r);
/* New one-time token for the first admin; replaces any older one. ERR_CONFLICT
 * when an admin exists. token_r is text to show once (arena). */
bool op_admin_setup_token(struct op *op, const char **token_r, struct err *err_r);
bool op_admin_exists(struct op *op, bool *exists_r, struct err *err_r);

/* From the shell, by user_shell_schema: made active at once. tier NULL = starter. */
bool op_user_create(struct op *op, const struct user *in, struct user *out,
		    struct err *err_r);

/* By uuid or by e-mail. Not there, or out of scope: ERR_NOT_FOUND "No user
 * found", here and below. */
bool op_user_get(struct op *op, struct scope scope, const char *id_or_email,
		 struct user *out, struct err *err_r);

bool op_user_list(struct op *op, struct scope scope, const struct user_query *in,
		  struct page_out *out, struct err *err_r);
/* The accounts whose addresses have one canonical form (struct user_collision). */
bool op_user_collisions(struct op *op, struct scope scope, struct field_list *out,
			struct err *err_r);

/* active; approved_by/at set, approved_at to op->now; of an active user the first
 * approval stands; sessions from before a suspension are ended.
 * With create_default_tenant: tenant + owner membership + users.tenant_id in
 * the same transaction; a taken slug is ERR_CONFLICT field tenant_slug and
 * nothing changes. out_tenant->id NULL = none was made. */
bool op_user_approve(struct op *op, struct scope scope, const char *id,
		     const struct user_approve_in *in, struct user *out,
		     struct tenant *out_tenant, struct err *err_r);
/* suspended; approved_by/at cleared; takes effect on the next request. As below: the
 * last active super_admin stays one, and nobody acts on a role above his own. */
bool op_user_suspend(struct op *op, struct scope scope, const char *id, const char *reason,
		     struct user *out, struct err *err_r);

/* Change what was named of user_status, tier, tenant_id and role, by user_patch_schema;
 * takes effect on the next request. pending and suspended clear the approval, pending and
 * active end the sessions from before. ERR_FORBIDDEN reason role: the user's is above the
 * actor's, or a role is named by who is no super_admin. ERR_CONFLICT: the last active
 * super_admin. ERR_INVALID field tenant_id: he is no member of it; NULL = his personal one. */
bool op_user_update(struct op *op, struct scope scope, const char *id, const struct user *in,
		   const struct field_given *given, struct user *out, struct err *err_r);

/* The scope's own user, with the tenant that the session works in and his role there. */
bool op_user_own(struct op *op, struct scope scope, struct user *out, struct err *err_r);
/* The name of the own account, by user_rename_schema. */
bool op_user_rename(struct op *op, struct scope scope, const struct user *in,
		    const struct field_given *given, struct user *out, struct err *err_r);

/* Of the scope's user, checked against the current one; ends the other sessions. */
struct password_update_in {
	const char *current_password, *new_password;
};
bool op_password_update(struct op *op, struct scope scope, const struct password_update_in *in,
			struct err *err_r);
/* By the shell, with SCOPE_ALL: sets it, ends all sessions. */
bool op_password_set(struct op *op, struct scope scope, const char *user_id,
		     const char *password, struct err *err_r);

#endif
