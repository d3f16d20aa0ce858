/*
 * store/session.c - sessions: typed calls over session.sql, one transaction
 * with its audit row each. What a token must be like is op/session.c's.
 */
#include "config.h"

#include "base/str.h"
#include "db/query.h"
#include "store/audit.h"
#include "store/owner.h"
#include "store/scope.h"
#include "store/session.h"
#include "store/sql.h"
#include "store/tenant.h"

#define NO_SESSION "No such session"

/* --- begin ------------------------------------------------------------------ */

struct begin {
	const struct session_new *s;
	const struct session_login *login;
};

static bool changed(const char *reason, struct err *err_r)
{
	err_reason(err_r, ERR_UNAVAILABLE, reason,
		   "The account changed during the login; try again");
	return err_retry(err_r, 1);
}

static bool touch_owner(struct db *db, const struct begin *b, struct err *err_r)
{
	int64_t n = 0;

	if (!db_write(db, SQL_ARGS(session_owner_login, .user_id = db_text(b->s->row.user_id),
				   .now = db_time(b->s->row.created_at),
				   .hash_kept = db_text(b->login->hash_kept),
				   .hash_seen = db_text(b->login->hash_seen)),
		      &n, err_r))
		return false;
	return n == 1 || changed("changed", err_r);
}

/* The tenant, held, is still the one that the event names. */
static bool hold_place(struct db *db, const struct session *s, struct err *err_r)
{
	char id[UUID_TEXT];
	bool active = true;

	if ((s->tenant_id && !store_tenant_hold(db, s->tenant_id, &active, err_r)) ||
	    !store_tenant_of_login(db, s->user_id, id, err_r))
		return false;
	return (active && str_eq(id, s->tenant_id ? s->tenant_id : "")) ||
	       changed(SESSION_MOVED, err_r);
}

static bool begin_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct begin *b = arg;
	const struct session_new *s = b->s;

	if (!touch_owner(db, b, err_r))
		return false;
	if (b->login->failures && !store_login_failure_apply(db, b->login->failures, err_r))
		return false;
	if (!hold_place(db, &s->row, err_r))
		return false;
	return db_write(db, SQL_ROW(session_insert, &session_schema, &s->row,
				    .tenant_id = db_text(s->row.tenant_id),
				    .family_hash = db_text(s->family_hash),
				    .access_hash = db_text(s->access_hash),
				    .refresh_hash = db_text(s->refresh_hash)), NULL, err_r);
}

bool store_session_create(struct db *db, const struct audit_event *event,
			  const struct session_new *s, const struct session_login *login,
			  struct err *err_r)
{
	return store_commit(db, event, begin_tx, &(struct begin){ s, login }, err_r);
}

/* --- look up ---------------------------------------------------------------- */

bool store_session_by_access(struct db *db, const char *access_hash, struct arena *arena,
			     struct session_ref *out, struct user *owner_r, struct tenant_place *place_r,
			     struct err *err_r)
{
	return store_owner_get(db, SQL_ARGS(session_by_access, .access_hash = db_text(access_hash)),
			       &session_ref_schema, arena, out, owner_r, place_r, NO_SESSION, err_r);
}

bool store_session_by_family(struct db *db, const char *id, const char *family_hash,
			     struct arena *arena, struct session_ref *out,
			     struct user *owner_r, struct tenant_place *place_r, struct err *err_r)
{
	return store_owner_get(db, SQL_ARGS(session_by_family, .id = db_text(id),
					    .family_hash = db_text(family_hash)),
			       &session_ref_schema, arena, out, owner_r, place_r, NO_SESSION, err_r);
}

bool store_session_list(struct db *db, struct scope scope, const char *current_id,
			int64_t now, struct arena *arena, struct field_list *out,
			struct err *err_r)
{
	return db_list(db, SQL_ARGS(session_list, .scope_user = scope_user_param(scope),
				    .current_id = db_text(current_id), .now = db_time(now)),
		       &session_schema, arena, out, err_r);
}

/* --- change ----------------------------------------------------------------- */

bool store_session_rotate(struct db *db, const struct audit_event *event,
			  const struct session_rotation *r, struct err *err_r)
{
	return store_commit_one(db, event, SQL_ARGS(session_rotate,
		.id = db_text(r->id), .family_hash = db_text(r->family_hash),
		.presented_hash = db_text(r->presented_hash), .now = db_time(r->now),
		.refresh_hash = db_text(r->refresh_hash), .access_hash = db_text(r->access_hash),
		.access_expires_at = db_time(r->access_expires_at),
		.expires_at = db_time(r->expires_at), .seed = db_text(r->seed),
		.previous_until = db_time(r->previous_until)), STORE_NO_ROW, NO_SESSION, err_r);
}

bool store_session_given(struct db *db, const struct session_rotation *r, struct arena *arena,
			 struct session_given *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(session_given, .id = db_text(r->id),
				   .family_hash = db_text(r->family_hash),
				   .presented_hash = db_text(r->presented_hash),
				   .now = db_time(r->now),
				   .spent_since = db_time(r->spent_since)),
		      &session_given_schema, arena, out, NO_SESSION, err_r);
}

bool store_session_given_again(struct db *db, const struct audit_event *event,
			       struct err *err_r)
{
	return store_commit(db, event, NULL, NULL, err_r);
}

bool store_session_reused(struct db *db, const struct audit_event *event,
			  const struct session_rotation *r, struct err *err_r)
{
	return store_commit_one(db, event, SQL_ARGS(session_delete_reused, .id = db_text(r->id),
						    .family_hash = db_text(r->family_hash),
						    .presented_hash = db_text(r->presented_hash)),
				STORE_NO_ROW, NO_SESSION, err_r);
}

struct moving {
	struct scope scope;
	const struct session_move *m;
	struct arena *arena;
	struct membership *out;
};

static bool switch_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct moving *s = arg;
	const struct session_move *m = s->m;
	bool active;

	if (!store_tenant_hold(db, m->tenant_id, &active, err_r) ||
	    !db_write_one(db, SQL_ARGS(session_place, .tenant_id = db_text(m->tenant_id),
				       .scope_user = scope_user_param(s->scope)), NO_TENANT, err_r) ||
	    !store_membership_get(db, s->scope, m->tenant_id, m->tenant_id, s->arena, s->out, err_r))
		return false;
	if (!active)
		return tenant_suspended(err_r);
	return db_write_one(db, SQL_ARGS(session_switch, .id = db_text(m->id),
					 .scope_user = scope_user_param(s->scope),
					 .tenant_id = db_text(m->tenant_id),
					 .family_hash = db_text(m->family_hash),
					 .access_hash = db_text(m->access_hash),
					 .access_expires_at = db_time(m->access_expires_at),
					 .refresh_hash = db_text(m->refresh_hash),
					 .now = db_time(m->now), .expires_at = db_time(m->expires_at)),
			    NO_SESSION, err_r);
}

bool store_session_switch(struct db *db, struct scope scope, const struct audit_event *event,
			  const struct session_move *m, struct arena *arena,
			  struct membership *out, struct err *err_r)
{
	return store_commit(db, event, switch_tx, &(struct moving){ scope, m, arena, out }, err_r);
}

bool store_session_end(struct db *db, struct scope scope, const char *id,
		       const struct audit_event *event, struct err *err_r)
{
	return store_commit_one(db, event, SQL_ARGS(session_delete, .id = db_text(id),
						    .scope_user = scope_user_param(scope)),
				STORE_NO_ROW, NO_SESSION, err_r);
}

struct sweep {
	int64_t now, sessions, failures;
};

static bool sweep_tx(struct db *db, void *arg, struct err *err_r)
{
	struct sweep *s = arg;

	return db_write(db, SQL_ARGS(session_sweep, .now = db_time(s->now)), &s->sessions, err_r) &&
		db_write(db, SQL_ARGS(login_failure_sweep, .now = db_time(s->now)),
			 &s->failures, err_r);
}

bool store_session_sweep(struct db *db, const struct audit_event *event, int64_t now,
			 int64_t *n_r, struct err *err_r)
{
	struct sweep s = { .now = now };
	int64_t any;

	*n_r = 0;
	if (!db_number(db, SQL_ARGS(session_sweepable, .now = db_time(now)), &any, err_r))
		return false;
	if (any == 0)
		return true;
	if (!store_commit(db, event, sweep_tx, &s, err_r))
		return false;
	*n_r = s.sessions + s.failures;
	return true;
}
