/*
 * store/session.h - sessions: typed calls.
 */
#ifndef PIERRE_STORE_SESSION_H
#define PIERRE_STORE_SESSION_H

#include "base/arena.h"
#include "base/err.h"
#include "model/audit.h"
#include "model/scope.h"
#include "model/session.h"
#include "model/tenant.h"
#include "model/user.h"
#include "store/login_failure.h"

struct db;

/* --- begin ------------------------------------------------------------------ */

struct session_new {
	struct session row;
	const char *family_hash, *access_hash, *refresh_hash;
};
/* What it begins with. */
struct session_login {
	const char *hash_seen;   /* the password hash that matched, or was just written */
	const char *hash_kept;   /* the same, or one of the present cost */
	const struct login_failure_update *failures;   /* NULL = none is changed */
};
#define SESSION_MOVED "moved"
/* last_active, the failures, the session, in row.tenant_id, which store_tenant_of_login()
 * said (NULL for ""). ERR_UNAVAILABLE when the account is not active, its password not the one seen, or
 * that tenant not where it works, any more: for that the reason is SESSION_MOVED. */
bool store_session_create(struct db *db, const struct audit_event *event,
			  const struct session_new *s, const struct session_login *login,
			  struct err *err_r);

/* --- look up ---------------------------------------------------------------- */

bool store_session_by_access(struct db *db, const char *access_hash, struct arena *arena,
			     struct session_ref *out, struct user *owner_r, struct tenant_place *place_r,
			     struct err *err_r);
bool store_session_by_family(struct db *db, const char *id, const char *family_hash,
			     struct arena *arena, struct session_ref *out,
			     struct user *owner_r, struct tenant_place *place_r, struct err *err_r);
/* Live ones of one user (else none), newest first, at most 200. */
bool store_session_list(struct db *db, struct scope scope, const char *current_id,
			int64_t now, struct arena *arena, struct field_list *out,
			struct err *err_r);

/* --- change ----------------------------------------------------------------- */

struct session_rotation {
	const char *id, *family_hash;
	const char *presented_hash;             /* of the refresh token shown */
	const char *seed, *access_hash, *refresh_hash;   /* of the new pair */
	int64_t now, access_expires_at, expires_at;
	int64_t previous_until;   /* the access token from before ends no later */
	int64_t spent_since;      /* a spent token counts when it was spent no earlier */
};
/* One conditional UPDATE: the presented token must be the current one; otherwise
 * ERR_NOT_FOUND. */
bool store_session_rotate(struct db *db, const struct audit_event *event,
			  const struct session_rotation *r, struct err *err_r);
/* The current pair, when the presented token was spent for it no earlier than
 * spent_since; otherwise ERR_NOT_FOUND. seed is NULL when it cannot be made again. */
bool store_session_given(struct db *db, const struct session_rotation *r, struct arena *arena,
			 struct session_given *out, struct err *err_r);
/* Record that the pair was given again. */
bool store_session_given_again(struct db *db, const struct audit_event *event,
			       struct err *err_r);
/* End the session of which the presented token is a spent one. ERR_NOT_FOUND when there
 * is none. */
bool store_session_reused(struct db *db, const struct audit_event *event,
			  const struct session_rotation *r, struct err *err_r);
/* Of the scope's user, into a tenant of which the user is a member (else ERR_NOT_FOUND
 * NO_TENANT), and which is active (ERR_FORBIDDEN reason tenant_suspended). *out: the
 * membership. */
struct session_move {
	const char *id, *tenant_id;
	const char *family_hash, *access_hash, *refresh_hash;
	int64_t now, access_expires_at, expires_at;
};
bool store_session_switch(struct db *db, struct scope scope, const struct audit_event *event,
			  const struct session_move *m, struct arena *arena,
			  struct membership *out, struct err *err_r);
/* ERR_NOT_FOUND when it is not one of the scope's user. */
bool store_session_end(struct db *db, struct scope scope, const char *id,
		       const struct audit_event *event, struct err *err_r);
/* One page of 500 sessions and 500 login failures that nothing needs at `now`;
 * *n_r = rows dropped. 0 without a transaction when there is nothing to drop. */
bool store_session_sweep(struct db *db, const struct audit_event *event, int64_t now,
			 int64_t *n_r, struct err *err_r);

#endif
