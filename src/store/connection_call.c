/* store/connection_call.c - connections as the caller sees them: connection.sql. */
#include "config.h"

#include "db/query.h"
#include "store/audit.h"
#include "store/connect.h"
#include "store/connection_call.h"
#include "store/notification.h"
#include "store/provider_app.h"
#include "store/scope.h"
#include "store/sql.h"

bool store_connection_pending(struct db *db, int64_t now, int64_t most, struct arena *arena,
			      struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_ARGS(connection_pending, .now = db_time(now), .most = db_int(most)),
		       &connection_schema, arena, out, err_r);
}

bool store_connection_by_account(struct db *db, const struct connection *c, const char *account,
				 struct arena *arena, struct connection *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(connection_by_account, .app_id = db_text(c->app_id),
				   .provider_user_id = db_text(account), .id = db_text(c->id)),
		      &connection_schema, arena, out, NO_CONNECTION, err_r);
}

bool store_connection_of_user(struct db *db, const struct connection *c, struct arena *arena,
			      struct connection *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(connection_of_user, .user_id = db_text(c->user_id),
				   .tenant_id = db_text(c->tenant_id), .provider = db_text(c->provider),
				   .id = db_text(c->id)),
		      &connection_schema, arena, out, NO_CONNECTION, err_r);
}

/* --- save ----------------------------------------------------------------------------- */

struct saving {
	const struct connection *in;
	const char *client_id;
};

static bool hold_place(struct db *db, const struct connection *c, struct err *err_r)
{
	int64_t n;

	if (!db_write(db, SQL_ARGS(connection_place_hold, .tenant_id = db_text(c->tenant_id),
				   .user_id = db_text(c->user_id)), &n, err_r))
		return false;
	return n > 0 || err_reason(err_r, ERR_FORBIDDEN, "member", "The account is no member of the tenant any "
				   "more, or one of them is suspended");
}

static bool save_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct saving *s = arg;

	return store_connect_save(db, s->in->id, s->in->updated_at, err_r) && hold_place(db, s->in, err_r) &&
	       store_provider_app_hold(db, s->in->app_id, s->client_id, err_r) &&
	       db_write(db, SQL_ROW(connection_insert, &connection_schema, s->in), NULL, err_r);
}

bool store_connection_save(struct db *db, const struct audit_event *event,
			   const struct connection *in, const char *client_id, struct err *err_r)
{
	return store_commit(db, event, save_tx, &(struct saving){ in, client_id }, err_r);
}

/* --- settle ----------------------------------------------------------------------------- */

struct settling {
	const struct connection_end *end;
	int64_t now;
};

static bool delete_one(struct db *db, const struct connection *c, struct err *err_r)
{
	return db_write_one(db, SQL_ARGS(connection_delete, .id = db_text(c->id),
					 .connect_gen = db_int(c->connect_gen)), NO_CONNECTION, err_r);
}

static bool set_aside(struct db *db, const struct connection *c, struct err *err_r)
{
	return db_write_one(db, SQL_ROW(connection_set_aside, &connection_schema, c), NO_CONNECTION, err_r);
}

/* The new row goes first: two rows of one account are refused. */
static bool replace(struct db *db, const struct connection_end *e, struct err *err_r)
{
	return (e->aside ? set_aside(db, e->aside, err_r) : delete_one(db, e->pending, err_r)) &&
	       db_write_one(db, SQL_ROW(connection_replace, &connection_schema, e->replaced,
					.scope_user = scope_user_param(e->scope), PLACE_ARGS(e->scope)),
			    NO_CONNECTION, err_r);
}

static bool identify(struct db *db, const struct settling *s, struct err *err_r)
{
	const struct connection_end *e = s->end;

	return db_write_one(db, SQL_ARGS(connection_identify, .id = db_text(e->pending->id),
					 .connect_gen = db_int(e->pending->connect_gen),
					 .provider_user_id = db_text(*e->account ? e->account : NULL),
					 .now = db_time(s->now)), NO_CONNECTION, err_r);
}

static bool revoke(struct db *db, const struct settling *s, struct err *err_r)
{
	return db_write_one(db, SQL_ARGS(connection_end_one, .id = db_text(s->end->pending->id),
					 .connect_gen = db_int(s->end->pending->connect_gen),
					 .now = db_time(s->now)), NO_CONNECTION, err_r);
}

static bool settle_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct settling *s = arg;
	const struct connection_end *e = s->end;

	return (!e->replaced || replace(db, e, err_r)) &&
	       (!e->account || identify(db, s, err_r)) &&
	       (!e->revoke || revoke(db, s, err_r)) &&
	       (!e->drop || delete_one(db, e->pending, err_r)) &&
	       (!e->refresh_id || db_write(db, SQL_ARGS(connection_want_refresh, .id = db_text(e->refresh_id),
							.now = db_time(s->now)), NULL, err_r)) &&
	       (!e->finished || store_connect_finish(db, e->finished, s->now, err_r)) &&
	       (!e->told || store_notification_add(db, e->told, err_r));
}

bool store_connection_settle(struct db *db, const struct audit_event *event,
			     const struct connection_end *end, struct err *err_r)
{
	return store_commit(db, event, settle_tx, &(struct settling){ end, event->timestamp }, err_r);
}

struct retrying {
	const struct connection *c;
	const char *reason;
	int64_t retry_at, now;
};

static bool retry_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct retrying *r = arg;

	return db_write(db, SQL_ARGS(connection_retry, .id = db_text(r->c->id),
				     .refresh_gen = db_int(r->c->refresh_gen),
				     .connect_gen = db_int(r->c->connect_gen),
				     .reason = db_text(r->reason), .retry_at = db_time(r->retry_at),
				     .now = db_time(r->now)), NULL, err_r);
}

bool store_connection_retry(struct db *db, const struct connection *c, const char *reason,
			    int64_t retry_at, int64_t now, struct err *err_r)
{
	return db_transaction(db, retry_tx, &(struct retrying){ c, reason, retry_at, now }, err_r);
}
