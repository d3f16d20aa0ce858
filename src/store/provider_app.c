/* store/provider_app.c - applications at providers: typed calls over provider_app.sql. */
#include "config.h"

#include "base/str.h"
#include "db/query.h"
#include "store/audit.h"
#include "store/provider_app.h"
#include "store/scope.h"
#include "store/sql.h"

#define NO_APP "No application is set for this provider"

#define OWNER_ARGS(s) SCOPE_ARGS(s), .scope_tenant = scope_tenant_param(s)

bool store_provider_app_get(struct db *db, struct scope scope, const char *provider,
			    struct arena *arena, struct provider_app *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(provider_app_get, OWNER_ARGS(scope), .provider = db_text(provider)),
		      &provider_app_schema, arena, out, NO_APP, err_r);
}

bool store_provider_app_list(struct db *db, struct scope scope, struct arena *arena,
			     struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_ARGS(provider_app_list, OWNER_ARGS(scope)), &provider_app_schema,
		       arena, out, err_r);
}

bool store_provider_app_resolve(struct db *db, struct scope scope, const char *provider,
				struct arena *arena, struct provider_app *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(provider_app_resolve, .provider = db_text(provider),
				   .scope_user = scope_user_param(scope),
				   .scope_place = scope_place_param(scope)),
		      &provider_app_schema, arena, out, NO_APP, err_r);
}

bool store_provider_app_by_id(struct db *db, const char *id, struct arena *arena,
			      struct provider_app *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(provider_app_by_id, .id = db_text(id)), &provider_app_schema,
		      arena, out, NO_APP, err_r);
}

/* --- change ------------------------------------------------------------------------ */

struct app_change {
	struct scope scope;
	const char *provider;
	const struct provider_app *app;   /* NULL: delete it */
	struct arena *arena;
	int64_t now;
	const char *tenant_id;            /* whose it is; NULL = a user's, or the server's */
};

/* Its list of providers is shown with it, under its version. */
static bool touch_tenant(struct db *db, const struct app_change *c, struct err *err_r)
{
	return !c->tenant_id ||
	       db_write_one(db, SQL_ARGS(tenant_touch, .id = db_text(c->tenant_id), TENANT_ARGS(c->scope),
					 .now = db_time(c->now)), NO_APP, err_r);
}

static bool add_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct app_change *c = arg;

	return touch_tenant(db, c, err_r) &&
	       db_write(db, SQL_ROW(provider_app_insert, &provider_app_schema, c->app), NULL, err_r);
}

bool store_provider_app_add(struct db *db, struct scope scope, const struct audit_event *event,
			    const struct provider_app *app, struct arena *arena, struct err *err_r)
{
	return store_commit(db, event, add_tx,
			    &(struct app_change){ scope, app->provider, app, arena, event->timestamp,
						  app->tenant_id }, err_r);
}

static bool lock(struct db *db, const struct app_change *c, struct provider_app *out,
		 struct err *err_r)
{
	return db_get(db, SQL_ARGS(provider_app_lock, OWNER_ARGS(c->scope),
				   .provider = db_text(c->provider)),
		      &provider_app_schema, c->arena, out, NO_APP, err_r);
}

static bool unused(struct db *db, const char *id, const char *what, struct err *err_r)
{
	int64_t n;

	if (!db_number(db, SQL_ARGS(provider_app_uses, .app_id = db_text(id)), &n, err_r))
		return false;
	return n == 0 || err_reason(err_r, ERR_CONFLICT, "in_use", "%lld connection%s made with this "
				    "application: disconnect first, %s", (long long)n,
				    n == 1 ? " was" : "s were", what);
}

static bool update_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct app_change *c = arg;
	struct provider_app old;

	return lock(db, c, &old, err_r) &&
	       (str_eq(old.id, c->app->id) || err_set(err_r, ERR_NOT_FOUND, "The application was set anew meanwhile")) &&
	       (str_eq(old.client_id, c->app->client_id) ||
		unused(db, old.id, "then set another client_id", err_r)) &&
	       db_write_one(db, SQL_ROW(provider_app_update, &provider_app_schema, c->app,
					OWNER_ARGS(c->scope)), NO_APP, err_r);
}

bool store_provider_app_update(struct db *db, struct scope scope, const struct audit_event *event,
			       const struct provider_app *app, struct arena *arena,
			       struct err *err_r)
{
	return store_commit(db, event, update_tx,
			    &(struct app_change){ .scope = scope, .provider = app->provider, .app = app,
						  .arena = arena }, err_r);
}

static bool delete_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct app_change *c = arg;
	struct provider_app old;

	return touch_tenant(db, c, err_r) && lock(db, c, &old, err_r) &&
	       unused(db, old.id, "and wait for a minute until the provider was told", err_r) &&
	       db_write_one(db, SQL_ARGS(provider_app_delete, OWNER_ARGS(c->scope),
					 .provider = db_text(c->provider)), NO_APP, err_r);
}

bool store_provider_app_delete(struct db *db, struct scope scope, const struct audit_event *event,
			       const struct provider_app *app, struct arena *arena, struct err *err_r)
{
	return store_commit(db, event, delete_tx, &(struct app_change){ scope, app->provider, NULL, arena, event->timestamp,
						  app->tenant_id }, err_r);
}

/* --- by a caller --------------------------------------------------------------------- */

struct app_break {
	const struct provider_app *asked;
	const char *reason;
	int64_t until, now;
};

static bool break_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct app_break *b = arg;

	return db_write(db, SQL_ARGS(provider_app_break, .id = db_text(b->asked->id),
				     .updated_at = db_time(b->asked->updated_at),
				     .reason = db_text(b->reason), .until = db_time(b->until),
				     .now = db_time(b->now)), NULL, err_r);
}

bool store_provider_app_break(struct db *db, const struct provider_app *asked, const char *reason,
			      int64_t until, int64_t now, struct err *err_r)
{
	return db_transaction(db, break_tx, &(struct app_break){ asked, reason, until, now }, err_r);
}

struct app_reopen {
	const char *id;
	int64_t now;
};

static bool reopen_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct app_reopen *r = arg;

	return db_write(db, SQL_ARGS(provider_app_reopen, .app_id = db_text(r->id), .now = db_time(r->now)), NULL,
			err_r);
}

bool store_provider_app_reopen(struct db *db, const struct audit_event *event, const char *id,
			       struct err *err_r)
{
	return store_commit(db, event, reopen_tx, &(struct app_reopen){ id, event->timestamp }, err_r);
}

bool store_provider_app_hold(struct db *db, const char *id, const char *client_id,
			     struct err *err_r)
{
	int64_t n;

	if (!db_write(db, SQL_ARGS(provider_app_hold, .id = db_text(id),
				   .client_id = db_text(client_id)), &n, err_r))
		return false;
	return n > 0 || err_reason(err_r, ERR_CONFLICT, "app_changed", "The application was changed "
				   "meanwhile: connect again");
}
