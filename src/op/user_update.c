/*
 * user_update.c - what administrators change of a user, and users of their own account.
 * It takes effect on the next request: the owner's row is read with a credential.
 */
#include "config.h"

#include "base/str.h"
#include "op/audit.h"
#include "op/cache.h"
#include "op/role.h"
#include "op/user.h"
#include "store/user.h"

struct change {
	const struct op *op;
	const struct user *in;
	const struct field_given *given;
};

static void clear_approval(struct user *user)
{
	user->approved_by = NULL;
	user->approved_at = TIME_NONE;
}

/* Of an active user the first approval stands. */
static void set_status(const struct op *op, struct user *user, const char *status)
{
	bool same = str_eq(user->user_status, status);

	user->user_status = status;
	if (!str_eq(status, "active")) {
		clear_approval(user);
	} else if (!same) {
		user->approved_by = op->actor.user_id;
		user->approved_at = op->now;
	}
}

static bool suspend(struct user *user, void *arg, struct err *err_r)
{
	const struct op *op = arg;

	if (!role_check(op, user, err_r))
		return false;
	set_status(op, user, "suspended");
	user->updated_at = op->now;
	return true;
}

static bool commit(struct op *op, struct scope scope, const struct audit_event *event,
		   user_update_fn *fn, void *arg, struct user *out, struct err *err_r)
{
	bool done = store_user_update(op->db, &(struct user_update){
		.scope = scope, .user_id = event->target, .now = op->now, .event = event,
		.fn = fn, .arg = arg, .arena = op->arena, .user_r = out,
	}, err_r);

	op_changed(op, event->target);
	return done;
}

/* The id of a user in the form that the database has; NULL: it is none. */
static const char *id_of(const struct op *op, const char *text, struct err *err_r)
{
	char id[UUID_TEXT];

	if (uuid_parse(text, id))
		return arena_strdup(op->arena, id);
	err_set(err_r, ERR_NOT_FOUND, "No user found");
	return NULL;
}

struct told {
	const char *reason;
};
static const struct field told_fields[] = {
	FIELD(struct told, reason, TEXT, FIELD_AUDIT | FIELD_FREE, NULL),
	{ 0 },
};
static const struct field_schema told_schema = FIELD_SCHEMA("Told", struct told, told_fields);

bool op_user_suspend(struct op *op, struct scope scope, const char *id, const char *reason,
		     struct user *out, struct err *err_r)
{
	const struct told told = { reason };
	const char *user_id = id_of(op, id, err_r);
	struct audit_event event;

	if (!user_id)
		return false;
	event = op_audit_of(op, AUDIT_USER_SUSPENDED, user_id, &told_schema, &told);
	return commit(op, scope, &event, suspend, op, out, err_r);
}

/* --- a patch ------------------------------------------------------------------------ */

static bool apply(struct user *user, void *arg, struct err *err_r)
{
	const struct change *c = arg;
	const char *status = user->user_status;

	if (!role_check(c->op, user, err_r))
		return false;
	field_patch(c->given, c->in, user);
	if (FIELD_GIVEN(c->given, struct user, role))   /* one from before there were roles stays */
		user->is_admin = role_by_word(user->role) > ROLE_USER;
	user->updated_at = c->op->now;
	if (FIELD_GIVEN(c->given, struct user, user_status)) {
		user->user_status = status;
		set_status(c->op, user, c->in->user_status);
	}
	return true;
}

static bool may_patch(const struct change *c, struct err *err_r)
{
	if (!field_check_given(c->given, c->in, err_r))
		return false;
	return !FIELD_GIVEN(c->given, struct user, role) ||
	       c->op->actor.role >= ROLE_SUPER_ADMIN ||
	       err_reason(err_r, ERR_FORBIDDEN, "role", "Only a super_admin may give a role");
}

/* Suspension is written down as that, however it was asked for. */
static struct audit_event patch_event(const struct change *c, const char *user_id)
{
	bool suspends = FIELD_GIVEN(c->given, struct user, user_status) &&
			str_eq(c->in->user_status, "suspended");
	struct user told = { 0 };

	field_patch(c->given, c->in, &told);
	return op_audit_of(c->op, suspends ? AUDIT_USER_SUSPENDED : AUDIT_USER_CHANGED, user_id,
			   &user_schema, &told);
}

bool op_user_update(struct op *op, struct scope scope, const char *id, const struct user *in,
		   const struct field_given *given, struct user *out, struct err *err_r)
{
	struct change c = { .op = op, .in = in, .given = given };
	const char *user_id = id_of(op, id, err_r);
	struct audit_event event;

	if (!user_id || !may_patch(&c, err_r))
		return false;
	if (given->n == 0)
		return store_user_by_id(op->db, scope, user_id, op->arena, out, err_r);
	event = patch_event(&c, user_id);
	return commit(op, scope, &event, apply, &c, out, err_r);
}

/* --- oneself ------------------------------------------------------------------------ */

bool op_user_own(struct op *op, struct scope scope, struct user *out, struct err *err_r)
{
	if (!store_user_by_id(op->db, scope, scope.id, op->arena, out, err_r))
		return false;
	out->tenant_id = op->actor.tenant_id;
	return store_user_tenant_role(op->db, scope, out->tenant_id, op->arena, &out->tenant_role,
				      err_r);
}

bool op_user_rename(struct op *op, struct scope scope, const struct user *in,
		    const struct field_given *given, struct user *out, struct err *err_r)
{
	struct audit_event event = op_audit(op, AUDIT_USER_CHANGED, scope.id);
	bool done;

	if (!field_check_given(given, in, err_r))
		return false;
	if (given->n == 0)
		return op_user_own(op, scope, out, err_r);
	done = store_user_rename(op->db, scope, &event, in->display_name, op->now, err_r);
	op_changed(op, scope.id);
	return done && op_user_own(op, scope, out, err_r);
}
