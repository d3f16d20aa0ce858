/*
 * store/user.h - users, tenants, memberships: typed calls.
 *
 * Calls that change something are one transaction with their audit event
 * (store/audit.h). Ids, moments and hashes come from the caller.
 */
#ifndef PIERRE_STORE_USER_H
#define PIERRE_STORE_USER_H

#include "base/arena.h"
#include "base/err.h"
#include "model/audit.h"
#include "model/scope.h"
#include "model/tenant.h"
#include "model/user.h"

struct db;
struct login_failure_update;

/* ERR_NOT_FOUND when there is none, or it is not in scope. */
bool store_user_by_id(struct db *db, struct scope scope, const char *id, struct arena *arena,
		      struct user *out, struct err *err_r);
/* By the address as it is given: exactly as an older schema kept it, or else by its
 * canonical form (store/email.h). Without a scope, since there is no credential
 * yet: for a login, which then asks for the password, and to find an id that is
 * looked up in a scope. */
bool store_user_by_email(struct db *db, const char *email, struct arena *arena,
			 struct user *out, struct err *err_r);

/* Only with SCOPE_ALL, else none; newest first. filter: a struct user_query, of
 * which the status counts. */
bool store_user_list(struct db *db, struct scope scope, const void *filter,
		     const struct page *page, struct arena *arena, struct field_list *out,
		     struct err *err_r);

/* Only with SCOPE_ALL, else none: the accounts whose addresses have one canonical
 * form, those of one form beside each other. */
bool store_user_collisions(struct db *db, struct scope scope, struct arena *arena,
			   struct field_list *out, struct err *err_r);

/* ERR_CONFLICT field email when email_key is taken, or is what accounts whose
 * addresses collide share. */
bool store_user_create(struct db *db, const struct audit_event *event,
		       const struct user *user, struct err *err_r);

/* What the scope's user is in this tenant; NULL = no member. */
bool store_user_tenant_role(struct db *db, struct scope scope, const char *tenant_id,
			    struct arena *arena, const char **role_r, struct err *err_r);
/* Of the scope's user. */
bool store_user_rename(struct db *db, struct scope scope, const struct audit_event *event,
		       const char *display_name, int64_t now, struct err *err_r);

/* The row alone, inside a transaction that is already there. */
bool store_user_add(struct db *db, const struct user *user, struct err *err_r);

/* Only with SCOPE_ALL: active; ends the sessions of a user that was not. A user without
 * a tenant gets `tenant` (NULL = none is wanted) and owns it. */
struct user_approval {
	struct scope scope;
	const char *user_id, *approved_by;
	int64_t now;
	const struct audit_event *event;
	const struct tenant *tenant;
	const struct audit_event *tenant_event;
	struct arena *arena;
	struct user *user_r;       /* as it is afterwards */
	bool tenant_made;
};
bool store_user_approve(struct db *db, struct user_approval *a, struct err *err_r);

/* Change the user as he is while his row is locked, or refuse. Runs in the
 * transaction, and may run several times. */
typedef bool user_update_fn(struct user *user, void *arg, struct err *err_r);

/* Only with SCOPE_ALL: what is written is in sql/common/user.sql, user_update. A new
 * tenant_id that is none he belongs to: ERR_INVALID. The last active super_admin stays
 * one: ERR_CONFLICT. Another status ends his sessions, but for suspension: there they
 * stay, so that their tokens are answered with `suspended`, and end at approval. */
struct user_update {
	struct scope scope;
	const char *user_id;
	int64_t now;
	const struct audit_event *event;
	user_update_fn *fn;
	void *arg;
	struct arena *arena;
	struct user *user_r;       /* as it is afterwards */
};
bool store_user_update(struct db *db, const struct user_update *c, struct err *err_r);

/* Ends the user's sessions but `keep_session` (NULL = all), and of that one what
 * was good before its last refresh. old_hash: the one that was verified;
 * ERR_CONFLICT when it is not there any more. Only with SCOPE_ALL it does not
 * count. */
struct password_write {
	struct scope scope;
	const char *user_id, *old_hash, *new_hash, *keep_session;
	int64_t now;
	const struct audit_event *event;
	const struct login_failure_update *failures;   /* NULL = none is changed */
};
bool store_user_password(struct db *db, const struct password_write *w, struct err *err_r);

bool store_admin_exists(struct db *db, bool *exists_r, struct err *err_r);

#endif
