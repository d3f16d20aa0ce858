/*
 * store/tenant.c - tenants: make, read, change under their lock. What may be done is
 * op/tenant.c's; members are in member.c, removal in tenant_remove.c.
 */
#include "config.h"

#include "base/str.h"
#include "db/query.h"
#include "store/audit.h"
#include "store/owner.h"
#include "store/page.h"
#include "store/scope.h"
#include "store/sql.h"
#include "store/tenant_private.h"

#define NOBODY "00000000-0000-0000-0000-000000000000"

/* --- inside a transaction --------------------------------------------------------- */

bool store_tenant_add(struct db *db, const struct tenant *t, const char *owner_id,
		      struct err *err_r)
{
	return db_write(db, SQL_ROW(tenant_insert, &tenant_schema, t), NULL, err_r) &&
	       db_write(db, SQL_ARGS(member_insert, .tenant_id = db_text(t->id),
				     .user_id = db_text(owner_id), .role = db_text("owner"),
				     .invited_by = db_null(),
				     .joined_at = db_time(t->created_at)), NULL, err_r);
}

/* As the filler does it, for a page of one. */
bool store_tenant_personal(struct db *db, const char *user_id, struct err *err_r)
{
	const struct db_value id = db_text(user_id);

	return db_write(db, SQL_ARGS(fill_tenants, .first = id, .last = id), NULL, err_r) &&
	       db_write(db, SQL_ARGS(fill_owners, .first = id, .last = id), NULL, err_r);
}

bool store_tenant_ensure(struct db *db, const char *id, const char *user_id, struct err *err_r)
{
	return !str_eq(id, user_id) || store_tenant_personal(db, user_id, err_r);
}

bool store_tenant_hold(struct db *db, const char *id, bool *active_r, struct err *err_r)
{
	int64_t n;

	if (!db_number(db, SQL_ARGS(tenant_hold, .tenant_id = db_text(id)), &n, err_r))
		return false;
	*active_r = n > 0;
	return true;
}

bool store_tenant_of_login(struct db *db, const char *user_id, char id_r[UUID_TEXT],
			   struct err *err_r)
{
	enum db_rc rc = db_query(db, SQL_ARGS(tenant_of_login, .user_id = db_text(user_id)), err_r);

	str_copy(id_r, UUID_TEXT, rc == DB_ROW ? db_column_text(db, 0) : "");
	db_finish(db);
	return rc == DB_ROW || rc == DB_OK;
}

static bool lock(struct db *db, struct scope scope, const char *id, struct arena *arena,
		 struct tenant *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(tenant_lock, .id = db_text(id), TENANT_ARGS(scope)),
		      &tenant_schema, arena, out, NO_TENANT, err_r);
}

static bool owners_but(struct db *db, struct scope scope, const char *id, const char *user_id,
		       int64_t *n_r, struct err *err_r)
{
	return db_number(db, SQL_ARGS(member_owners_but, .tenant_id = db_text(id), TENANT_ARGS(scope),
				      .user_id = db_text(user_id ? user_id : NOBODY)), n_r, err_r);
}

static bool others(struct db *db, struct scope scope, const char *id, const char *user_id,
		   int64_t *n_r, struct err *err_r)
{
	return db_number(db, SQL_ARGS(member_others, .tenant_id = db_text(id), TENANT_ARGS(scope),
				      .user_id = db_text(user_id ? user_id : NOBODY)), n_r, err_r);
}

static bool may_lose(struct db *db, struct scope scope, const char *id, const char *user_id,
		     struct arena *arena, struct err *err_r)
{
	struct tenant tenant;
	int64_t owners, members;

	if (!lock(db, scope, id, arena, &tenant, err_r) ||
	    !owners_but(db, scope, id, user_id, &owners, err_r) ||
	    !others(db, scope, id, user_id, &members, err_r))
		return false;
	return owners > 0 || members == 0 ||
	       err_reason(err_r, ERR_CONFLICT, "last_owner",
			  "The user is the last active owner of the tenant %s, which has other members: "
			  "make another member an owner first", tenant.slug);
}

/* In the order of their ids, so that two of these do not wait for each other. */
bool store_tenant_may_lose(struct db *db, struct scope scope, const char *user_id,
			   struct arena *arena, struct err *err_r)
{
	struct field_list owned;
	const struct tenant *teams;

	if (!db_list(db, SQL_ARGS(tenant_owned, .user_id = db_text(user_id), SCOPE_ARGS(scope)),
		     &tenant_schema, arena, &owned, err_r))
		return false;
	teams = owned.items;
	for (size_t i = 0; i < owned.n; i++)
		if (!may_lose(db, scope, teams[i].id, user_id, arena, err_r))
			return false;
	return true;
}

/* --- make --------------------------------------------------------------------------- */

struct create {
	struct scope scope;
	const char *owner_id;
	const struct tenant_new_tx *tx;
};

static bool create_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct create *c = arg;
	char tier[OWNER_WORD], status[OWNER_WORD];
	int64_t owned;

	return store_owner_lock(db, c->scope, c->owner_id, tier, status, err_r) &&
	       db_number(db, SQL_ARGS(tenant_count_owned, .scope_user = db_text(c->owner_id)),
			 &owned, err_r) &&
	       c->tx->judge(tier, status, owned, c->tx->arg, err_r) &&
	       store_tenant_add(db, c->tx->tenant, c->owner_id, err_r);
}

bool store_tenant_create(struct db *db, struct scope scope, const char *owner_id,
			 const struct audit_event *event, const struct tenant_new_tx *tx,
			 struct err *err_r)
{
	return store_commit(db, event, create_tx, &(struct create){ scope, owner_id, tx }, err_r);
}

/* --- look up ------------------------------------------------------------------------- */

/* A deleted one is not active, whatever it was before and will be when it is restored. */
static bool show(bool found, struct tenant *out)
{
	if (found)
		out->is_active = out->is_active && out->deleted_at == TIME_NONE;
	return found;
}

bool store_tenant_get(struct db *db, struct scope scope, const char *id, struct arena *arena,
		      struct tenant *out, struct err *err_r)
{
	return show(db_get(db, SQL_ARGS(tenant_get, .id = db_text(id), TENANT_ARGS(scope)),
			   &tenant_schema, arena, out, NO_TENANT, err_r), out);
}

bool store_tenant_by_slug(struct db *db, struct scope scope, const char *slug, struct arena *arena,
			  struct tenant *out, struct err *err_r)
{
	return show(db_get(db, SQL_ARGS(tenant_by_slug, .slug = db_text(slug),
					.scope_all = scope_all_param(scope)),
			   &tenant_schema, arena, out, NO_TENANT, err_r), out);
}

bool store_tenant_list(struct db *db, struct scope scope, const void *filter,
		       const struct page *page, struct arena *arena, struct field_list *out,
		       struct err *err_r)
{
	const struct tenant_query *q = filter;

	if (!db_list(db, SQL_ARGS(tenant_list, .scope_all = scope_all_param(scope),
				  .any_active = db_bool(!q->active),
				  .active = db_bool(str_eq(q->active, "true")),
				  .plan = db_text(q->plan), .q = db_text(q->q), PAGE_ARGS(page)),
		     &tenant_schema, arena, out, err_r))
		return false;
	for (size_t i = 0; i < out->n; i++)
		show(true, (struct tenant *)(uintptr_t)out->items + i);
	return true;
}

bool store_membership_get(struct db *db, struct scope scope, const char *id, const char *current_id,
			  struct arena *arena, struct membership *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(membership_get, .scope_user = scope_user_param(scope),
				   .id = db_text(id), .current_id = db_text(current_id)),
		      &membership_schema, arena, out, NO_TENANT, err_r);
}

bool store_membership_list(struct db *db, struct scope scope, const char *slug,
			   const char *current_id, struct arena *arena, struct field_list *out,
			   struct err *err_r)
{
	return db_list(db, SQL_ARGS(membership_list, .scope_user = scope_user_param(scope),
				    .slug = db_text(slug), .current_id = db_text(current_id)),
		       &membership_schema, arena, out, err_r);
}

/* --- change ---------------------------------------------------------------------------- */

static bool role_of(struct db *db, const struct tenant_tx *tx, const char *user_id,
		    char out[OWNER_WORD], struct err *err_r)
{
	enum db_rc rc = db_query(db, SQL_ARGS(member_role, .tenant_id = db_text(tx->id),
					      TENANT_ARGS(tx->scope), .user_id = db_text(user_id)),
				 err_r);

	str_copy(out, OWNER_WORD, rc == DB_ROW ? db_column_text(db, 0) : "");
	db_finish(db);
	return rc == DB_ROW || rc == DB_OK;
}

/* The user whom the change is about: "" when that is no member. */
static bool hold_member(struct db *db, const struct tenant_tx *tx, char status_r[OWNER_WORD],
			struct err *err_r)
{
	enum db_rc rc = db_query(db, SQL_ARGS(member_hold, .user_id = db_text(tx->user_id),
					      TENANT_ARGS(tx->scope), .tenant_id = db_text(tx->id)), err_r);

	str_copy(status_r, OWNER_WORD, rc == DB_ROW ? db_column_text(db, 1) : "");
	db_finish(db);
	return rc == DB_ROW || rc == DB_OK;
}

static bool hold_defaults(struct db *db, const struct tenant_tx *tx, struct err *err_r)
{
	enum db_rc rc = db_query(db, SQL_ARGS(tenant_hold_defaults, .tenant_id = db_text(tx->id),
					      TENANT_ARGS(tx->scope)), err_r);

	while (rc == DB_ROW)
		rc = db_next(db, err_r);
	return rc == DB_OK;
}

/* Users before their tenants, as a login and a change of a user lock them. */
static bool update_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct tenant_change *c = arg;
	const struct tenant_tx *tx = c->tx;
	char role[OWNER_WORD], user_role[OWNER_WORD], status[OWNER_WORD];
	struct tenant_locked locked;

	if ((c->defaults && !hold_defaults(db, tx, err_r)) || !hold_member(db, tx, status, err_r) ||
	    !lock(db, tx->scope, tx->id, tx->arena, tx->tenant_r, err_r) ||
	    !role_of(db, tx, tx->actor_id, role, err_r) ||
	    !role_of(db, tx, tx->user_id, user_role, err_r) ||
	    !owners_but(db, tx->scope, tx->id, tx->user_id, &locked.owners_but, err_r) ||
	    !others(db, tx->scope, tx->id, tx->actor_id, &locked.others, err_r))
		return false;
	locked.role = role[0] ? role : NULL;
	locked.user_role = user_role[0] ? user_role : NULL;
	locked.user_status = status[0] ? status : NULL;
	return tx->judge(&locked, tx->tenant_r, tx->arg, err_r) &&
	       version_check(tx->if_match, tx->tenant_r->version, err_r) &&
	       c->write(db, tx, c->arg, err_r);
}

bool tenant_locked_update(struct db *db, const struct audit_event *event, const struct tenant_change *c,
		   struct err *err_r)
{
	return store_commit(db, event, update_tx, (void *)(uintptr_t)c, err_r);
}

static bool write_row(struct db *db, const struct tenant_tx *tx, const void *arg, struct err *err_r)
{
	(void)arg;
	tx->tenant_r->version++;
	tx->tenant_r->updated_at = tx->now;
	return db_write_one(db, SQL_ROW(tenant_update, &tenant_schema, tx->tenant_r,
					TENANT_ARGS(tx->scope)), NO_TENANT, err_r);
}

static bool end_sessions(struct db *db, const struct tenant_tx *tx, struct err *err_r)
{
	return db_write(db, SQL_ARGS(tenant_end_sessions, TENANT_ARGS(tx->scope),
				     .tenant_id = db_text(tx->id)), NULL, err_r);
}

static bool write_suspended(struct db *db, const struct tenant_tx *tx, const void *arg,
			    struct err *err_r)
{
	return write_row(db, tx, arg, err_r) && end_sessions(db, tx, err_r);
}

static bool write_deleted(struct db *db, const struct tenant_tx *tx, const void *arg,
			  struct err *err_r)
{
	return write_suspended(db, tx, arg, err_r) &&
	       db_write(db, SQL_ARGS(tenant_revoke_keys, .now = db_time(tx->now),
				     .reason = db_text("The tenant was deleted"),
				     .tenant_id = db_text(tx->id), TENANT_ARGS(tx->scope)), NULL, err_r) &&
	       db_write(db, SQL_ARGS(tenant_end_connections, .now = db_time(tx->now),
				     .tenant_id = db_text(tx->id), TENANT_ARGS(tx->scope)), NULL, err_r) &&
	       db_write(db, SQL_ARGS(tenant_leave_all, .now = db_time(tx->now),
				     .tenant_id = db_text(tx->id), TENANT_ARGS(tx->scope)), NULL, err_r);
}

bool store_tenant_update(struct db *db, const struct audit_event *event, const struct tenant_tx *tx,
			 struct err *err_r)
{
	return tenant_locked_update(db, event, &(struct tenant_change){ .tx = tx, .write = write_row }, err_r);
}

bool store_tenant_suspend(struct db *db, const struct audit_event *event, const struct tenant_tx *tx,
			  struct err *err_r)
{
	return tenant_locked_update(db, event, &(struct tenant_change){ .tx = tx, .write = write_suspended },
			     err_r);
}

bool store_tenant_delete(struct db *db, const struct audit_event *event, const struct tenant_tx *tx,
			 struct err *err_r)
{
	return tenant_locked_update(db, event, &(struct tenant_change){
		.tx = tx, .write = write_deleted, .defaults = true }, err_r);
}
