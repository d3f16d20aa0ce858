/*
 * store/key.c - API keys: typed calls over key.sql, one transaction with its
 * audit row each. op/key.c decides who may have which key.
 */
#include "config.h"

#include "base/str.h"
#include "db/query.h"
#include "store/admin_token.h"
#include "store/audit.h"
#include "store/key.h"
#include "store/owner.h"
#include "store/page.h"
#include "store/scope.h"
#include "store/sql.h"
#include "store/tenant.h"

#define NO_KEY "No such API key"

/* --- make ------------------------------------------------------------------- */

static bool lock_owner(struct db *db, struct scope scope, const char *user_id,
		       struct key_owner *out, struct err *err_r)
{
	out->role[0] = '\0';
	out->replacing = out->sharing = 0;
	return store_owner_lock(db, scope, user_id, out->tier, out->user_status, err_r);
}

struct create {
	struct scope scope;
	const struct key_new_tx *tx;
};

/* What the owner may do in the key's tenant, now that the owner's row is locked (a removal
 * locks it first, store/tenant.c), and the tenant is held: "" unless it is active. */
static bool read_role(struct db *db, const struct api_key *k, struct key_owner *out,
		      struct err *err_r)
{
	const char *tenant_id = k->tenant_id ? k->tenant_id : k->user_id;
	bool active;
	enum db_rc rc;

	if (!store_tenant_ensure(db, tenant_id, k->user_id, err_r) ||
	    !store_tenant_hold(db, tenant_id, &active, err_r))
		return false;
	rc = db_query(db, SQL_ARGS(key_owner_role, .tenant_id = db_text(tenant_id),
				   .user_id = db_text(k->user_id)), err_r);
	str_copy(out->role, sizeof(out->role), rc == DB_ROW ? db_column_text(db, 0) : "");
	db_finish(db);
	return rc == DB_ROW || rc == DB_OK;
}

static bool create_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct create *c = arg;
	const struct key_new_tx *tx = c->tx;
	const struct api_key *k = tx->key;
	struct key_owner owner;
	int64_t live;

	if (!lock_owner(db, c->scope, k->user_id, &owner, err_r) ||
	    !read_role(db, k, &owner, err_r) ||
	    !db_number(db, SQL_ARGS(key_count_live, .scope_user = db_text(k->user_id),
				    .now = db_time(k->created_at)), &live, err_r) ||
	    !tx->judge(&owner, live, tx->arg, err_r))
		return false;
	return db_write(db, SQL_ROW(key_insert, &api_key_schema, k), NULL, err_r) &&
	       (!tx->provisioned || store_provisioned_add(db, tx->provisioned, err_r));
}

bool store_key_create(struct db *db, struct scope scope, const struct audit_event *event,
		      const struct key_new_tx *tx, struct err *err_r)
{
	return store_commit(db, event, create_tx, &(struct create){ scope, tx }, err_r);
}

/* --- look up ---------------------------------------------------------------- */

bool store_key_get(struct db *db, struct scope scope, const char *id, struct arena *arena,
		   struct api_key *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(key_get, .id = db_text(id), SCOPE_ARGS(scope), PLACE_ARGS(scope)),
		      &api_key_schema, arena, out, NO_KEY, err_r);
}

#define FILTER_ARGS(f) .tier = db_text((f)->query->tier), .state = db_text((f)->state), \
	.q = db_text((f)->query->q), .now = db_time((f)->now)

bool store_key_list(struct db *db, struct scope scope, const void *filter,
		    const struct page *page, struct arena *arena, struct field_list *out,
		    struct err *err_r)
{
	const struct key_filter *f = filter;

	return db_list(db, SQL_ARGS(key_list, .scope_user = scope_user_param(scope),
				    PLACE_ARGS(scope), FILTER_ARGS(f), PAGE_ARGS(page)),
		       &api_key_schema, arena, out, err_r);
}

bool store_key_search(struct db *db, struct scope scope, const void *filter,
		      const struct page *page, struct arena *arena, struct field_list *out,
		      struct err *err_r)
{
	const struct key_filter *f = filter;

	return db_list(db, SQL_ARGS(key_search, .scope_all = scope_all_param(scope),
				    .user_id = db_text(f->user_id),
				    .tenant_id = db_text(f->query->tenant_id),
				    FILTER_ARGS(f), PAGE_ARGS(page)),
		       &key_found_schema, arena, out, err_r);
}

bool store_key_by_prefix(struct db *db, const char *key_prefix, struct arena *arena,
			 struct api_key *out, struct user *owner_r, struct tenant_place *place_r, struct err *err_r)
{
	return store_owner_get(db, SQL_ARGS(key_by_prefix, .key_prefix = db_text(key_prefix)),
			       &api_key_schema, arena, out, owner_r, place_r, NO_KEY, err_r);
}

/* --- change ----------------------------------------------------------------- */

struct change {
	struct scope scope;
	const char *id;
	const struct key_update *change;
	const struct api_key *made;    /* NULL = none takes its place */
};

static bool add_successor(struct db *db, const struct change *u, struct err *err_r)
{
	return db_write(db, SQL_ROW(key_insert, &api_key_schema, u->made), NULL, err_r) &&
		store_provisioned_rotate(db, u->id, u->made->id, u->made->created_at, err_r);
}

/* Before the key, as what ends the tenant locks them. */
static bool hold_place(struct db *db, const struct change *u, struct err *err_r)
{
	struct api_key key;
	bool active;

	return store_key_get(db, u->scope, u->id, u->change->arena, &key, err_r) &&
		store_tenant_hold(db, key.tenant_id ? key.tenant_id : key.user_id, &active, err_r);
}

static bool count_kin(struct db *db, const struct change *u, struct key_owner *out,
		      struct err *err_r)
{
	const struct api_key *k = u->change->key_r;
	const struct db_value now = db_time(u->change->now);

	return db_number(db, SQL_ARGS(key_count_replacing, .id = db_text(k->id), .now = now,
				      .scope_user = scope_user_param(u->scope),
				      PLACE_ARGS(u->scope)),
			 &out->replacing, err_r) &&
		db_number(db, SQL_ARGS(key_count_sharing, .id = db_text(k->id), .now = now,
				       .limit_id = db_text(k->limit_id ? k->limit_id : k->id),
				       .scope_user = scope_user_param(u->scope),
				       PLACE_ARGS(u->scope)),
			  &out->sharing, err_r);
}

static bool update_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct change *u = arg;
	const struct key_update *c = u->change;
	struct key_owner owner;

	return lock_owner(db, u->scope, u->scope.id, &owner, err_r) && hold_place(db, u, err_r) &&
		db_get(db, SQL_ARGS(key_lock, .id = db_text(u->id),
				    .scope_user = scope_user_param(u->scope), PLACE_ARGS(u->scope)),
		       &api_key_schema, c->arena, c->key_r, NO_KEY, err_r) &&
		read_role(db, c->key_r, &owner, err_r) && count_kin(db, u, &owner, err_r) &&
		c->fn(&owner, c->key_r, c->arg, err_r) &&
		db_write_one(db, SQL_ROW(key_update, &api_key_schema, c->key_r,
					 .scope_user = scope_user_param(u->scope),
					 PLACE_ARGS(u->scope)),
			     NO_KEY, err_r) &&
		(!u->made || add_successor(db, u, err_r));
}

bool store_key_update(struct db *db, struct scope scope, const char *id,
		      const struct audit_event *event, const struct key_update *c,
		      struct err *err_r)
{
	return store_commit(db, event, update_tx, &(struct change){ scope, id, c, NULL }, err_r);
}

bool store_key_rotate(struct db *db, struct scope scope, const char *id,
		      const struct audit_event *event, const struct key_update *c,
		      const struct api_key *made, struct err *err_r)
{
	return store_commit(db, event, update_tx, &(struct change){ scope, id, c, made }, err_r);
}

struct limit {
	struct scope scope;
	const char *id;
	const struct key_limit *limit;
	struct arena *arena;
	struct api_key *out;
	struct field_list *shared_r;
};

#define LIMIT_ARGS(l) .scope_all = scope_all_param((l)->scope), .id = db_text((l)->id), \
	.requests = db_int((l)->limit->requests), .period = db_text((l)->limit->period), \
	.now = db_time((l)->limit->now)

static bool limit_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct limit *l = arg;
	struct api_key *k = l->out;

	return db_get(db, SQL_ARGS(key_limit, LIMIT_ARGS(l)), &api_key_schema, l->arena, k, NO_KEY,
		      err_r) &&
		db_list(db, SQL_ARGS(key_limit_shared, LIMIT_ARGS(l), .user_id = db_text(k->user_id),
				     .limit_id = db_text(k->limit_id ? k->limit_id : k->id)),
			&api_key_schema, l->arena, l->shared_r, err_r);
}

bool store_key_limit_set(struct db *db, struct scope scope, const char *id,
			 const struct audit_event *event, const struct key_limit *l,
			 struct arena *arena, struct api_key *out, struct field_list *shared_r,
			 struct err *err_r)
{
	return store_commit(db, event, limit_tx,
			    &(struct limit){ scope, id, l, arena, out, shared_r }, err_r);
}

bool store_key_revoke(struct db *db, struct scope scope, const char *id,
		      const struct audit_event *event, const char *reason, int64_t now,
		      struct arena *arena, struct api_key *out, struct err *err_r)
{
	return store_commit_one(db, event, SQL_ARGS(key_revoke, .id = db_text(id),
						    SCOPE_ARGS(scope), PLACE_ARGS(scope),
						    .reason = db_text(reason),
						    .now = db_time(now)),
				&api_key_schema, arena, out, NO_KEY, err_r);
}

/* --- end of time ------------------------------------------------------------ */

struct expire {
	int64_t now, n;
};

static bool expire_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct expire *x = arg;
	int64_t n;

	if (!db_write(db, SQL_ARGS(key_expire, .now = db_time(x->now), .limit = db_int(x->n)), &n,
		      err_r))
		return false;
	return n == x->n ||   /* the event tells of n */
	       err_set(err_r, ERR_UNAVAILABLE, "Other keys were ended meanwhile; try again");
}

bool store_key_expirable(struct db *db, int64_t now, int64_t *n_r, struct err *err_r)
{
	return db_number(db, SQL_ARGS(key_expirable, .now = db_time(now)), n_r, err_r);
}

bool store_key_expire(struct db *db, const struct audit_event *event, int64_t now, int64_t n,
		      struct err *err_r)
{
	return store_commit(db, event, expire_tx, &(struct expire){ now, n }, err_r);
}
