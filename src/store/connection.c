/* store/connection.c - connections to providers: typed calls over connection.sql. */
#include "config.h"

#include "db/query.h"
#include "store/audit.h"
#include "store/connection.h"
#include "store/page.h"
#include "store/scope.h"
#include "store/sql.h"
#include "store/tenant.h"

#define OWN_ARGS(s) .scope_user = scope_user_param(s), PLACE_ARGS(s)

bool store_connection_get(struct db *db, struct scope scope, const char *provider,
			  struct arena *arena, struct connection *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(connection_get, OWN_ARGS(scope), .provider = db_text(provider)),
		      &connection_schema, arena, out, NO_CONNECTION, err_r);
}

bool store_connection_list(struct db *db, struct scope scope, struct arena *arena,
			   struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_ARGS(connection_list, OWN_ARGS(scope)), &connection_schema, arena, out,
		       err_r);
}

bool store_connection_list_tenant(struct db *db, struct scope scope, const void *filter,
				  const struct page *page, struct arena *arena,
				  struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_ARGS(connection_list_tenant, TENANT_ARGS(scope),
				    .of_provider = db_text(filter), PAGE_ARGS(page)),
		       &connection_schema, arena, out, err_r);
}

/* --- change ------------------------------------------------------------------------ */

static bool add_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct connection *in = *(const struct connection **)arg;

	return store_tenant_ensure(db, in->tenant_id, in->user_id, err_r) &&
	       db_write(db, SQL_ROW(connection_insert, &connection_schema, in), NULL, err_r);
}

bool store_connection_add(struct db *db, const struct audit_event *event,
			  const struct connection *in, struct err *err_r)
{
	return store_commit(db, event, add_tx, &in, err_r);
}

bool store_connection_replace(struct db *db, struct scope scope, const struct audit_event *event,
			      const struct connection *in, struct err *err_r)
{
	return store_commit_one(db, event, SQL_ROW(connection_replace, &connection_schema, in,
						   OWN_ARGS(scope)), STORE_NO_ROW, NO_CONNECTION, err_r);
}

bool store_connection_set_access(struct db *db, struct scope scope, const struct audit_event *event,
				 const struct connection *in, const char *seen_refresh,
				 struct arena *arena, struct connection *out, struct err *err_r)
{
	return store_commit_one(db, event, SQL_ROW(connection_set_access, &connection_schema, in, OWN_ARGS(scope),
						   .seen_refresh = db_text(seen_refresh)),
				&connection_schema, arena, out, NO_CONNECTION, err_r);
}

struct ending {
	struct scope scope;
	const char *provider;
	int64_t now, n;
};

static bool end_tx(struct db *db, void *arg, struct err *err_r)
{
	struct ending *e = arg;

	if (!db_write(db, SQL_ARGS(connection_end, OWN_ARGS(e->scope), .now = db_time(e->now),
				   .every = db_bool(!e->provider), .provider = db_text(e->provider)),
		      &e->n, err_r))
		return false;
	return e->n > 0 || err_set(err_r, ERR_NOT_FOUND, NO_CONNECTION);
}

bool store_connection_end(struct db *db, struct scope scope, const char *provider,
			  const struct audit_event *event, int64_t *n_r, struct err *err_r)
{
	struct ending e = { scope, provider, event->timestamp, 0 };
	bool done = store_commit(db, event, end_tx, &e, err_r);

	*n_r = e.n;
	return done || err_r->kind == ERR_NOT_FOUND;
}

/* --- for callers --------------------------------------------------------------------- */

bool store_connection_by_id(struct db *db, const char *id, struct arena *arena,
			    struct connection *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(connection_by_id, .id = db_text(id)), &connection_schema, arena, out,
		      NO_CONNECTION, err_r);
}

struct claiming {
	const char *id;
	int64_t seen;
	struct arena *arena;
	struct connection_claim *out;
};

static bool claim_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct claiming *c = arg;

	return db_get(db, SQL_ARGS(connection_claim, .id = db_text(c->id), .seen = db_int(c->seen)),
		      &connection_claim_schema, c->arena, c->out, NO_CONNECTION, err_r);
}

/* A claim whose COMMIT was not answered is taken for none; it ends by its lease. */
bool store_connection_claim(struct db *db, const char *id, int64_t refresh_gen,
			    struct arena *arena, struct connection_claim *out, struct err *err_r)
{
	if (db_transaction(db, claim_tx, &(struct claiming){ id, refresh_gen, arena, out }, err_r))
		return true;
	return err_r->kind == ERR_NOT_FOUND
		? err_reason(err_r, ERR_CONFLICT, "claimed", "Another caller has this connection")
		: false;
}
