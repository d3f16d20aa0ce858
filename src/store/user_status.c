/*
 * store/user_status.c - approval (with the user's first tenant) and suspension:
 * each one transaction that reads the user, decides and writes.
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

/* Holds the instance row, so that two admins cannot suspend each other. */
static bool is_last_admin(struct db *db, const struct user *user, bool *last_r,
			  struct err *err_r)
{
	int64_t others;

	*last_r = false;
	if (!user->is_admin || !str_eq(user->user_status, "active"))
		return true;
	if (!db_number(db, SQL_ARGS(admin_count_others, .id = db_text(user->id)), &others,
		       err_r))
		return false;
	*last_r = others == 0;
	return true;
}

static bool suspend(struct db *db, void *arg, struct err *err_r)
{
	const struct user_suspension *s = arg;
	bool last;

	if (!db_write(db, SQL_ARGS(instance_lock), NULL, err_r) ||
	    !store_user_by_id(db, s->scope, s->user_id, s->arena, s->user_r, err_r) ||
	    !is_last_admin(db, s->user_r, &last, err_r))
		return false;
	if (last)
		return err_set(err_r, ERR_CONFLICT,
			       "The last active admin cannot be suspended");
	if (!store_tenant_may_lose(db, s->scope, s->user_id, s->now, s->arena, err_r))
		return false;
	return db_get(db, SQL_ARGS(user_suspend, .id = db_text(s->user_id),
				   .scope_all = scope_all_param(s->scope),
				   .now = db_time(s->now)),
		      &user_schema, s->arena, s->user_r, NO_USER, err_r);
}

bool store_user_suspend(struct db *db, struct user_suspension *s, struct err *err_r)
{
	return store_commit(db, s->event, suspend, s, err_r);
}
