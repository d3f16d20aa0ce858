/* store/connect.c - attempts to connect: typed calls over connect.sql. */
#include "config.h"

#include "db/query.h"
#include "store/audit.h"
#include "store/connect.h"
#include "store/notification.h"
#include "store/sql.h"
#include "store/tenant.h"

#define NO_LINK "This link was used, or is too old, or was never made: connect again"
#define NO_STATE "The state of this callback and the cookie of this browser do not belong to one " \
	"attempt that still waits: connect again"

static bool add_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct connect_state *in = *(const struct connect_state **)arg;

	return store_tenant_ensure(db, in->tenant_id, in->user_id, err_r) &&
	       db_write(db, SQL_ARGS(connect_bound, .user_id = db_text(in->user_id),
				     .most = db_int(CONNECT_OPEN_MOST - 1)), NULL, err_r) &&
	       db_write(db, SQL_ROW(connect_insert, &connect_state_schema, in), NULL, err_r);
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

struct callback {
	const struct connect_state *in;
	const struct notification *told;
	int64_t now;
	struct arena *arena;
	struct connect_state *out;
};

static bool call_back_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct callback *c = arg;

	return db_get(db, SQL_ARGS(connect_call_back, .phase = db_text(c->in->phase),
				   .sealed_code = db_text(c->in->sealed_code),
				   .key_id = db_int(c->in->key_id),
				   .scopes_granted = db_strings(c->in->scopes_granted),
				   .outcome = db_text(c->in->outcome), .message = db_text(c->in->message),
				   .state_hash = db_text(c->in->state_hash),
				   .cookie_hash = db_text(c->in->cookie_hash), .now = db_time(c->now)),
		      &connect_state_schema, c->arena, c->out, NO_STATE, err_r) &&
	       (!c->told || store_notification_add(db, c->told, err_r));
}

bool store_connect_call_back(struct db *db, const struct audit_event *event,
			     const struct connect_state *in, const struct notification *told,
			     struct arena *arena, struct connect_state *out, struct err *err_r)
{
	return store_commit(db, event, call_back_tx,
			    &(struct callback){ in, told, event->timestamp, arena, out }, err_r);
}

bool store_connect_get(struct db *db, const char *id, struct arena *arena,
		       struct connect_state *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(connect_get, .id = db_text(id)), &connect_state_schema, arena,
		      out, NO_LINK, err_r);
}

/* --- for callers ---------------------------------------------------------------------- */

bool store_connect_waiting(struct db *db, int64_t most, struct arena *arena,
			   struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_ARGS(connect_waiting, .most = db_int(most)), &connect_state_schema,
		       arena, out, err_r);
}

struct claiming {
	const char *id;
	struct arena *arena;
	struct connect_state *out;
};

static bool claim_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct claiming *c = arg;

	return db_get(db, SQL_ARGS(connect_claim, .id = db_text(c->id)),
		      &connect_state_schema, c->arena, c->out, NO_LINK, err_r);
}

bool store_connect_claim(struct db *db, const char *id, struct arena *arena,
			 struct connect_state *out, struct err *err_r)
{
	return db_transaction(db, claim_tx, &(struct claiming){ id, arena, out }, err_r);
}

bool store_connect_save(struct db *db, const char *id, int64_t now, struct err *err_r)
{
	return db_write_one(db, SQL_ARGS(connect_save, .id = db_text(id), .now = db_time(now)), NO_LINK, err_r);
}

bool store_connect_finish(struct db *db, const struct connect_state *in, int64_t now,
			  struct err *err_r)
{
	return db_write(db, SQL_ARGS(connect_finish, .id = db_text(in->id),
				     .outcome = db_text(in->outcome), .message = db_text(in->message),
				     .now = db_time(now)), NULL, err_r);
}

static bool fail_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct callback *c = arg;

	return store_connect_finish(db, c->in, c->now, err_r) &&
	       store_notification_add(db, c->told, err_r);
}

bool store_connect_fail(struct db *db, const struct audit_event *event,
			const struct connect_state *in, const struct notification *told,
			struct err *err_r)
{
	return store_commit(db, event, fail_tx,
			    &(struct callback){ .in = in, .told = told, .now = event->timestamp }, err_r);
}

bool store_connect_list_lost(struct db *db, int64_t now, int64_t limit, struct arena *arena,
			     struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_ARGS(connect_list_lost, .now = db_time(now), .limit = db_int(limit)),
		       &connect_state_schema, arena, out, err_r);
}

static bool lose_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct callback *c = arg;

	return db_write_one(db, SQL_ARGS(connect_lose, .id = db_text(c->in->id),
					 .outcome = db_text(c->in->outcome), .message = db_text(c->in->message),
					 .now = db_time(c->now)), NO_LINK, err_r) &&
	       store_notification_add(db, c->told, err_r);
}

bool store_connect_lose(struct db *db, const struct audit_event *event,
			const struct connect_state *in, const struct notification *told,
			struct err *err_r)
{
	return store_commit(db, event, lose_tx,
			    &(struct callback){ .in = in, .told = told, .now = event->timestamp }, err_r);
}
