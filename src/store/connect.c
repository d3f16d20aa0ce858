/* store/connect.c - attempts to connect: typed calls over connect.sql. */
#include "config.h"

#include "db/query.h"
#include "store/audit.h"
#include "store/connect.h"
#include "store/sql.h"

#define NO_LINK "This link was used, or is too old, or was never made: connect again"
#define NO_STATE "The state of this callback and the cookie of this browser do not belong to one " \
	"attempt that still waits: connect again"

static bool add_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct connect_state *in = *(const struct connect_state **)arg;

	return db_write(db, SQL_ROW(connect_insert, &connect_state_schema, in), NULL, err_r);
}

bool store_connect_add(struct db *db, const struct audit_event *event,
		       const struct connect_state *in, struct err *err_r)
{
	return store_commit(db, event, add_tx, &in, err_r);
}

bool store_connect_by_start(struct db *db, const char *start_hash, struct arena *arena,
			    struct connect_state *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(connect_by_start, .start_hash = db_text(start_hash)),
		      &connect_state_schema, arena, out, NO_LINK, err_r);
}

bool store_connect_account(struct db *db, const char *start_hash, struct arena *arena,
			   struct connect_account *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(connect_account, .start_hash = db_text(start_hash)),
		      &connect_account_schema, arena, out, NO_LINK, err_r);
}

bool store_connect_start(struct db *db, const struct audit_event *event,
			 const struct connect_state *in, struct arena *arena,
			 struct connect_state *out, struct err *err_r)
{
	return store_commit_one(db, event, SQL_ROW(connect_start, &connect_state_schema, in,
						   .now = db_time(event->timestamp)),
				&connect_state_schema, arena, out, NO_LINK, err_r);
}

bool store_connect_by_state(struct db *db, const char *state_hash, const char *cookie_hash,
			    struct arena *arena, struct connect_state *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(connect_by_state, .state_hash = db_text(state_hash),
				   .cookie_hash = db_text(cookie_hash)),
		      &connect_state_schema, arena, out, NO_STATE, err_r);
}

bool store_connect_call_back(struct db *db, const struct audit_event *event,
			     const struct connect_state *in, struct arena *arena,
			     struct connect_state *out, struct err *err_r)
{
	return store_commit_one(db, event, SQL_ROW(connect_call_back, &connect_state_schema, in,
						   .now = db_time(event->timestamp)),
				&connect_state_schema, arena, out, NO_STATE, err_r);
}

bool store_connect_outcome(struct db *db, const char *id, struct arena *arena,
			   struct connect_state *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(connect_outcome, .id = db_text(id)), &connect_state_schema, arena,
		      out, NO_LINK, err_r);
}

struct sweep {
	int64_t before, n;
};

static bool sweep_tx(struct db *db, void *arg, struct err *err_r)
{
	struct sweep *s = arg;

	return db_write(db, SQL_ARGS(connect_sweep, .before = db_time(s->before)), &s->n, err_r);
}

bool store_connect_sweep(struct db *db, const struct audit_event *event, int64_t before,
			 int64_t *n_r, struct err *err_r)
{
	struct sweep s = { .before = before };

	*n_r = 0;
	if (!db_number(db, SQL_ARGS(connect_old, .before = db_time(before)), &s.n, err_r))
		return false;
	if (s.n > 0 && !store_commit(db, event, sweep_tx, &s, err_r))
		return false;
	*n_r = s.n;
	return true;
}
