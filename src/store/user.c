/*
 * store/user.c - typed calls over the statements of sql/common/user.sql:
 * look-ups, lists, registration, passwords. Status changes are in
 * user_status.c.
 */
#include "config.h"

#include "base/str.h"
#include "db/query.h"
#include "store/audit.h"
#include "store/constraint.h"
#include "store/email.h"
#include "store/login_failure.h"
#include "store/page.h"
#include "store/scope.h"
#include "store/sql.h"
#include "store/tenant.h"
#include "store/user.h"

#define NO_USER "No user found"

bool store_user_by_id(struct db *db, struct scope scope, const char *id, struct arena *arena,
		      struct user *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(user_by_id, .id = db_text(id), SCOPE_ARGS(scope)),
		      &user_schema, arena, out, NO_USER, err_r);
}

static bool by_key(struct db *db, const char *key, struct arena *arena, struct user *out,
		   struct err *err_r)
{
	return db_get(db, SQL_ARGS(user_by_email, .email_key = db_text(key)), &user_schema,
		      arena, out, NO_USER, err_r);
}

/* Of accounts whose addresses collide, one may have the canonical key from before. If
 * that key were looked for first, the others could not log in. */
bool store_user_by_email(struct db *db, const char *email, struct arena *arena,
			 struct user *out, struct err *err_r)
{
	const char *exact = email_exact(arena, email), *key = email_key(arena, email);
	struct err err;

	if (by_key(db, exact, arena, out, &err))
		return true;
	if (err.kind == ERR_NOT_FOUND && !str_eq(exact, key))
		return by_key(db, key, arena, out, err_r);
	*err_r = err;
	return false;
}

bool store_user_collisions(struct db *db, struct scope scope, struct arena *arena,
			   struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_ARGS(user_collisions, .scope_all = scope_all_param(scope)),
		       &user_collision_schema, arena, out, err_r);
}

bool store_user_list(struct db *db, struct scope scope, const void *filter,
		     const struct page *page, struct arena *arena, struct field_list *out,
		     struct err *err_r)
{
	const struct user_query *q = filter;

	if (q->status)
		return db_list(db, SQL_ARGS(user_list_by_status,
					    .scope_all = scope_all_param(scope),
					    .status = db_text(q->status), PAGE_ARGS(page)),
			       &user_schema, arena, out, err_r);
	return db_list(db, SQL_ARGS(user_list, .scope_all = scope_all_param(scope),
				    PAGE_ARGS(page)), &user_schema, arena, out, err_r);
}

/* Rows get a shared key by migration 0008 alone, so none comes in between. */
static bool email_is_free(struct db *db, const char *email_key, struct err *err_r)
{
	int64_t n;

	if (!db_number(db, SQL_ARGS(user_count_shared, .email_key = db_text(email_key)), &n, err_r))
		return false;
	return n == 0 || err_field(err_r, ERR_CONFLICT, "email", EMAIL_TAKEN);
}

bool store_user_add(struct db *db, const struct user *user, struct err *err_r)
{
	return email_is_free(db, user->email_key, err_r) &&
	       db_write(db, SQL_ROW(user_insert, &user_schema, user), NULL, err_r) &&
	       store_tenant_personal(db, user->id, err_r);   /* unless pending */
}

static bool add(struct db *db, void *arg, struct err *err_r)
{
	return store_user_add(db, *(const struct user **)arg, err_r);
}

bool store_user_create(struct db *db, const struct audit_event *event,
		       const struct user *user, struct err *err_r)
{
	return store_commit(db, event, add, &user, err_r);
}

bool store_user_tenant_role(struct db *db, struct scope scope, const char *tenant_id,
			    struct arena *arena, const char **role_r, struct err *err_r)
{
	enum db_rc rc = db_query(db, SQL_ARGS(member_own_role,
					      .scope_user = scope_user_param(scope),
					      .tenant_id = db_text(tenant_id)), err_r);

	*role_r = NULL;
	if (rc != DB_ROW)
		return rc == DB_OK;
	*role_r = arena_strdup(arena, db_column_text(db, 0));
	db_finish(db);
	return true;
}

bool store_user_rename(struct db *db, struct scope scope, const struct audit_event *event,
		       const char *display_name, int64_t now, struct err *err_r)
{
	return store_commit_one(db, event, SQL_ARGS(user_rename, .id = db_text(scope.id),
						    .scope_user = scope_user_param(scope),
						    .display_name = db_text(display_name),
						    .now = db_time(now)),
				STORE_NO_ROW, NO_USER, err_r);
}

static bool change_password(struct db *db, const struct password_write *w,
			    struct err *err_r)
{
	int64_t changed;

	if (w->scope.kind == SCOPE_ALL)
		return db_write_one(db, SQL_ARGS(user_set_password, .id = db_text(w->user_id),
						 .scope_all = scope_all_param(w->scope),
						 .new_hash = db_text(w->new_hash),
						 .now = db_time(w->now)), NO_USER, err_r);
	if (!db_write(db, SQL_ARGS(user_replace_password,
				   .scope_user = scope_user_param(w->scope),
				   .old_hash = db_text(w->old_hash),
				   .new_hash = db_text(w->new_hash), .now = db_time(w->now)),
		      &changed, err_r))
		return false;
	return changed > 0 ||
	       err_set(err_r, ERR_CONFLICT,
		       "The password was changed at the same time; try again");
}

static bool write_password(struct db *db, void *arg, struct err *err_r)
{
	const struct password_write *w = *(const struct password_write **)arg;

	if (!change_password(db, w, err_r) ||
	    !db_write(db, SQL_ARGS(password_reset_others, .user_id = db_text(w->user_id)), NULL,
		      err_r))
		return false;
	if (w->failures && !store_login_failure_apply(db, w->failures, err_r))
		return false;
	if (w->keep_session)
		return db_write(db, SQL_ARGS(user_end_other_sessions,
					     .scope_user = scope_user_param(w->scope),
					     .keep_session = db_text(w->keep_session)),
				NULL, err_r) &&
		       db_write(db, SQL_ARGS(session_end_previous,
					     .id = db_text(w->keep_session),
					     .scope_user = scope_user_param(w->scope)),
				NULL, err_r);
	return db_write(db, SQL_ARGS(user_end_sessions, .user_id = db_text(w->user_id),
				     SCOPE_ARGS(w->scope)), NULL, err_r);
}

bool store_user_password(struct db *db, const struct password_write *w, struct err *err_r)
{
	return store_commit(db, w->event, write_password, &w, err_r);
}

bool store_admin_exists(struct db *db, bool *exists_r, struct err *err_r)
{
	int64_t n;

	if (!db_number(db, SQL_ARGS(admin_count), &n, err_r))
		return false;
	*exists_r = n > 0;
	return true;
}
