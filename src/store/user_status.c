/*
 * store/user_status.c - approval (with the user's first tenant) and the changes of
 * administrators: each one transaction that reads the user, decides and writes.
 */
#include "config.h"

#include "base/str.h"
#include "db/query.h"
#include "store/audit.h"
#include "store/scope.h"
#include "store/sql.h"
#include "store/tenant.h"
#include "store/user.h"

#define NO_USER "No user found"

static bool end_sessions(struct db *db, struct scope scope, const char *user_id,
			 struct err *err_r)
{
	return db_write(db, SQL_ARGS(user_end_sessions, .user_id = db_text(user_id),
				     SCOPE_ARGS(scope)), NULL, err_r);
}

/* The user's first tenant; the user owns it. */
static bool give_tenant(struct db *db, const struct user_approval *a, struct err *err_r)
{
	return store_audit_add(db, a->tenant_event, err_r) &&
	       store_tenant_add(db, a->tenant, a->user_id, err_r) &&
	       db_write_one(db, SQL_ARGS(user_set_tenant, .id = db_text(a->user_id),
					 .scope_all = scope_all_param(a->scope),
					 .tenant_id = db_text(a->tenant->id),
					 .now = db_time(a->now)), NO_USER, err_r);
}

static bool activate(struct db *db, const struct user_approval *a, struct err *err_r)
{
	return db_get(db, SQL_ARGS(user_approve, .id = db_text(a->user_id),
				   .scope_all = scope_all_param(a->scope),
				   .approved_by = db_text(a->approved_by),
				   .now = db_time(a->now)),
		      &user_schema, a->arena, a->user_r, NO_USER, err_r) &&
	       store_tenant_personal(db, a->user_id, err_r) &&
	       end_sessions(db, a->scope, a->user_id, err_r);
}

static bool approve(struct db *db, void *arg, struct err *err_r)
{
	struct user_approval *a = arg;

	/* Written before anything is judged: on PostgreSQL the row is ours from
	 * here on, so two approvals cannot both find it without a tenant. */
	if (!db_get(db, SQL_ARGS(user_touch, .id = db_text(a->user_id),
				 .scope_all = scope_all_param(a->scope),
				 .now = db_time(a->now)),
		    &user_schema, a->arena, a->user_r, NO_USER, err_r) ||
	    (!str_eq(a->user_r->user_status, "active") && !activate(db, a, err_r)))
		return false;
	a->tenant_made = a->tenant && !a->user_r->tenant_id;
	if (!a->tenant_made)
		return true;
	if (!give_tenant(db, a, err_r))
		return false;
	a->user_r->tenant_id = a->tenant->id;
	return true;
}

bool store_user_approve(struct db *db, struct user_approval *a, struct err *err_r)
{
	return store_commit(db, a->event, approve, a, err_r);
}

/* --- any other change --------------------------------------------------------------- */

static bool is_active_super(const struct user *user)
{
	return user_role(user) == ROLE_SUPER_ADMIN && str_eq(user->user_status, "active");
}

/* The instance row is held, so that two of them cannot end each other. */
static bool keeps_super(struct db *db, const struct user *was, const struct user *user,
			struct err *err_r)
{
	int64_t others;

	if (!is_active_super(was) || is_active_super(user))
		return true;
	if (!db_number(db, SQL_ARGS(admin_count_super_others, .id = db_text(was->id)), &others,
		       err_r))
		return false;
	return others > 0 ||
	       err_set(err_r, ERR_CONFLICT, "The last active super_admin stays one: make another "
		       "user super_admin first");
}

static bool no_member(struct err *err_r)
{
	return err_field(err_r, ERR_INVALID, "tenant_id",
			 "The user belongs to no active tenant with this id");
}

/* No team is left without an owner who can act. */
static bool may_go(struct db *db, const struct user_update *c, const struct user *was,
		   struct err *err_r)
{
	return !str_eq(was->user_status, "active") || str_eq(c->user_r->user_status, "active") ||
	       store_tenant_may_lose(db, c->scope, c->user_id, c->arena, err_r);
}

/* The tenant is locked after its user: nobody is removed from it meanwhile. */
static bool belongs(struct db *db, const struct user_update *c, const struct user *was,
		    struct err *err_r)
{
	const char *tenant_id = c->user_r->tenant_id;
	struct tenant tenant;
	int64_t n;

	if (!tenant_id || str_eq(tenant_id, was->tenant_id))
		return true;
	if (!db_get(db, SQL_ARGS(tenant_lock, .id = db_text(tenant_id), TENANT_ARGS(c->scope)),
		    &tenant_schema, c->arena, &tenant, NO_USER, err_r))
		return err_r->kind == ERR_NOT_FOUND ? no_member(err_r) : false;
	if (!db_number(db, SQL_ARGS(member_count_active, .tenant_id = db_text(tenant_id),
				    .user_id = db_text(was->id), TENANT_ARGS(c->scope)), &n, err_r))
		return false;
	return n > 0 || no_member(err_r);
}

static bool ends_sessions(const struct user *was, const struct user *user)
{
	return !str_eq(was->user_status, user->user_status) &&
	       !str_eq(user->user_status, "suspended");
}

/* Who might issue one was judged by the role and status of before. */
static bool end_resets(struct db *db, const struct user *was, const struct user *user,
		       struct err *err_r)
{
	if (str_eq(was->user_status, user->user_status) && user_role(was) == user_role(user))
		return true;
	return db_write(db, SQL_ARGS(password_reset_others, .user_id = db_text(was->id)), NULL, err_r);
}

static bool change(struct db *db, void *arg, struct err *err_r)
{
	const struct user_update *c = arg;
	struct user was;

	if (!db_write(db, SQL_ARGS(instance_lock), NULL, err_r) ||
	    !db_get(db, SQL_ARGS(user_touch, .id = db_text(c->user_id),
				 .scope_all = scope_all_param(c->scope), .now = db_time(c->now)),
		    &user_schema, c->arena, &was, NO_USER, err_r))
		return false;
	*c->user_r = was;
	return c->fn(c->user_r, c->arg, err_r) && keeps_super(db, &was, c->user_r, err_r) &&
	       belongs(db, c, &was, err_r) && may_go(db, c, &was, err_r) &&
	       db_write_one(db, SQL_ROW(user_update, &user_schema, c->user_r,
					.scope_all = scope_all_param(c->scope)), NO_USER, err_r) &&
	       store_tenant_personal(db, c->user_id, err_r) &&   /* unless pending */
	       end_resets(db, &was, c->user_r, err_r) &&
	       (!ends_sessions(&was, c->user_r) || end_sessions(db, c->scope, c->user_id, err_r));
}

bool store_user_update(struct db *db, const struct user_update *c, struct err *err_r)
{
	struct user_update copy = *c;

	return store_commit(db, c->event, change, &copy, err_r);
}
