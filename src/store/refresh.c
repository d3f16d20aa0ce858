/* store/refresh.c - refreshes of connections: refresh.sql. */
#include "config.h"

#include "db/query.h"
#include "db/transaction.h"
#include "store/audit.h"
#include "store/notification.h"
#include "store/refresh.h"
#include "store/scope.h"
#include "store/sql.h"

/* A statement in a transaction of its own. */
struct single {
	int stmt;
	const struct db_value *args;
	size_t n;
	int64_t rows;
};

static bool single_tx(struct db *db, void *arg, struct err *err_r)
{
	struct single *s = arg;

	return db_write(db, s->stmt, s->args, s->n, &s->rows, err_r);
}

static bool write(struct db *db, int stmt, const struct db_value *args, size_t n, int64_t *rows_r,
		  struct err *err_r)
{
	struct single s = { stmt, args, n, 0 };

	if (!db_transaction(db, single_tx, &s, err_r))
		return false;
	*rows_r = s.rows;
	return true;
}

bool store_refresh_ahead(struct db *db, const struct refresh_ahead *in, struct err *err_r)
{
	int64_t n;

	return write(db, SQL_ARGS(refresh_ahead, .provider = db_text(in->provider), .soon = db_time(in->soon),
				  .settled = db_time(in->settled), .used_since = db_time(in->used_since)),
		     &n, err_r);
}

bool store_refresh_ask(struct db *db, struct scope scope, const char *id, bool wanted, int64_t now,
		       struct err *err_r)
{
	struct single s = { SQL_ARGS(refresh_ask, .id = db_text(id), .wanted = db_bool(wanted),
				     .now = db_time(now), .scope_user = scope_user_param(scope),
				     PLACE_ARGS(scope)), 0 };

	return db_transaction_brief(db, single_tx, &s, err_r);
}

bool store_refresh_want(struct db *db, const char *id, int64_t now, struct err *err_r)
{
	int64_t n;

	return write(db, SQL_ARGS(connection_want_refresh, .id = db_text(id), .now = db_time(now)), &n, err_r);
}

bool store_refresh_list_due(struct db *db, int64_t now, int64_t most, struct arena *arena,
			    struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_ARGS(refresh_list_due, .now = db_time(now), .most = db_int(most)),
		       &connection_schema, arena, out, err_r);
}

bool store_refresh_list_awaited(struct db *db, struct strings ids, int64_t now, struct arena *arena,
				struct strings *out, struct err *err_r)
{
	const char **found = arena_alloc(arena, ids.n * sizeof(*found));
	size_t n = 0;
	enum db_rc rc = db_query(db, SQL_ARGS(refresh_list_awaited, .ids = db_strings(ids), .now = db_time(now)),
				 err_r);

	for (; rc == DB_ROW && n < ids.n; rc = db_next(db, err_r))
		found[n++] = arena_strdup(arena, db_column_text(db, 0));
	db_finish(db);
	*out = (struct strings){ found, n };
	return rc == DB_OK || rc == DB_ROW;
}

struct claiming {
	const struct connection *seen;
	struct arena *arena;
	struct connection_claim *out;
};

/* The application is held, so that of two claims one sees the other. */
static bool claim_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct claiming *c = arg;
	int64_t others;

	if (!db_write(db, SQL_ARGS(refresh_hold_app, .app_id = db_text(c->seen->app_id)), NULL, err_r) ||
	    !db_number(db, SQL_ARGS(refresh_under_way, .app_id = db_text(c->seen->app_id),
				    .id = db_text(c->seen->id)), &others, err_r))
		return false;
	if (others > 0)
		return err_set(err_r, ERR_NOT_FOUND, "Another connection of the application is being refreshed");
	return db_get(db, SQL_ARGS(connection_claim, .id = db_text(c->seen->id),
				   .seen = db_int(c->seen->refresh_gen)),
		      &connection_claim_schema, c->arena, c->out, "The connection was claimed", err_r);
}

bool store_refresh_claim_alone(struct db *db, const struct connection *seen, struct arena *arena,
			       struct connection_claim *out, struct err *err_r)
{
	if (db_transaction(db, claim_tx, &(struct claiming){ seen, arena, out }, err_r))
		return true;
	return err_r->kind == ERR_NOT_FOUND
		? err_reason(err_r, ERR_CONFLICT, "claimed", "Another caller has this connection, or one of the "
			     "same application")
		: false;
}

bool store_refresh_sent(struct db *db, const struct connection *c, int64_t now, struct err *err_r)
{
	int64_t n;

	if (!write(db, SQL_ARGS(refresh_sent, .id = db_text(c->id), .gen = db_int(c->refresh_gen),
				.connect_gen = db_int(c->connect_gen), .now = db_time(now)), &n, err_r))
		return false;
	return n > 0 || err_reason(err_r, ERR_CONFLICT, "claimed", "The connection was changed, or another "
				   "caller has it");
}

/* --- what came of it --------------------------------------------------------------------- */

struct writing {
	const struct connection *in;
	int64_t gen, now, rows;
};

static bool write_tx(struct db *db, void *arg, struct err *err_r)
{
	struct writing *w = arg;
	const struct connection *in = w->in;

	if (!db_write(db, SQL_ROW(refresh_write, &connection_schema, in, .gen = db_int(w->gen),
				  .has_scopes = db_bool(in->scopes_granted.items != NULL),
				  .scopes_granted = db_strings(in->scopes_granted.items ? in->scopes_granted
									 : strings_empty),
				  .now = db_time(w->now)), &w->rows, err_r))
		return false;
	/* no event of what did not happen */
	return w->rows > 0 || err_set(err_r, ERR_NOT_FOUND, "Newer tokens are stored");
}

bool store_refresh_write(struct db *db, const struct audit_event *event, const struct connection *in,
			 int64_t gen, int64_t now, bool *written_r, struct err *err_r)
{
	struct writing w = { in, gen, now, 0 };

	*written_r = store_commit(db, event, write_tx, &w, err_r);
	return *written_r || err_r->kind == ERR_NOT_FOUND;
}

struct ending {
	const struct connection *c;
	const struct notification *told;
	int64_t now;
};

static bool end_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct ending *e = arg;
	const struct connection *c = e->c;
	int64_t n;

	if (!db_write(db, SQL_ROW(refresh_end, &connection_schema, c, .gen = db_int(c->refresh_gen),
				  .wanted = db_bool(c->refresh_wanted), .now = db_time(e->now)), &n, err_r))
		return false;
	if (n == 0)
		return err_set(err_r, ERR_NOT_FOUND, "The claim is over, or newer tokens are there");
	return !e->told || store_notification_add(db, e->told, err_r);
}

bool store_refresh_end(struct db *db, const struct audit_event *event, const struct connection *c,
		       const struct notification *told, int64_t now, struct err *err_r)
{
	struct ending e = { c, told, now };
	int64_t n;

	if (event ? store_commit(db, event, end_tx, &e, err_r) : db_transaction(db, end_tx, &e, err_r))
		return true;
	return err_r->kind == ERR_NOT_FOUND &&
	       write(db, SQL_ARGS(refresh_release, .id = db_text(c->id), .gen = db_int(c->refresh_gen),
				  .connect_gen = db_int(c->connect_gen), .now = db_time(now)), &n, err_r);
}

/* --- of an application ---------------------------------------------------------------------- */

struct counting {
	const char *app_id;
	bool refused;
	int64_t window_begin, now;
	struct arena *arena;
	struct provider_app *out;
};

static bool count_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct counting *c = arg;

	return db_get(db, SQL_ARGS(refresh_count, .id = db_text(c->app_id), .refused = db_bool(c->refused),
				   .window_begin = db_time(c->window_begin), .now = db_time(c->now)),
		      &provider_app_schema, c->arena, c->out, "The application is gone", err_r);
}

bool store_refresh_count(struct db *db, const char *app_id, bool refused, int64_t window_begin,
			 int64_t now, struct arena *arena, struct provider_app *out,
			 struct err *err_r)
{
	return db_transaction(db, count_tx, &(struct counting){ app_id, refused, window_begin, now, arena, out },
			      err_r);
}

bool store_refresh_degrade(struct db *db, const char *app_id, int64_t until, struct err *err_r)
{
	int64_t n;

	return write(db, SQL_ARGS(refresh_degrade, .id = db_text(app_id), .until = db_time(until)), &n, err_r);
}

bool store_refresh_others(struct db *db, const struct connection *c, int64_t *n_r, struct err *err_r)
{
	return db_number(db, SQL_ARGS(refresh_others, .app_id = db_text(c->app_id), .id = db_text(c->id)),
			 n_r, err_r);
}
