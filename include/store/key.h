/*
 * store/key.h - API keys: typed calls.
 */
#ifndef PIERRE_STORE_KEY_H
#define PIERRE_STORE_KEY_H

#include "base/arena.h"
#include "base/err.h"
#include "model/audit.h"
#include "model/key.h"
#include "model/page.h"
#include "model/scope.h"
#include "model/tenant.h"
#include "model/user.h"
#include "store/user.h"

struct db;
struct provisioned_key;   /* model/admin_token.h */

/* The owner as he is while his row is locked. */
struct key_owner {
	char tier[16], user_status[16];
	char role[16];                 /* in the tenant of the key; "" = no member */
	/* of a key that is changed, keys that work: */
	int64_t replacing;             /* those that replace it */
	int64_t sharing;               /* all others that draw on its quota */
};
/* May he have this key? Runs in the transaction, with `live` = his keys that
 * are neither revoked nor expired; it may run several times. */
typedef bool key_owner_fn(const struct key_owner *owner, int64_t live, void *arg,
			  struct err *err_r);

struct key_new_tx {
	const struct api_key *key;
	const struct provisioned_key *provisioned;   /* NULL = no administrator made it */
	key_owner_fn *judge;
	void *arg;
};
/* The owner, key->user_id, must be in scope: ERR_NOT_FOUND. ERR_CONFLICT field
 * key_prefix: the public id is taken. */
bool store_key_create(struct db *db, struct scope scope, const struct audit_event *event,
		      const struct key_new_tx *tx, struct err *err_r);

/* ERR_NOT_FOUND when the key is not in scope. */
bool store_key_get(struct db *db, struct scope scope, const char *id, struct arena *arena,
		   struct api_key *out, struct err *err_r);

/* The filter of both: an empty one has all. */
struct key_filter {
	const struct key_query *query;
	const char *state;             /* "all" = of every state */
	const char *user_id;           /* of store_key_search; NULL = of every user */
	int64_t now;
};
/* Those of one user (else none), newest first: struct api_key. */
bool store_key_list(struct db *db, struct scope scope, const void *filter,
		    const struct page *page, struct arena *arena, struct field_list *out,
		    struct err *err_r);

/* Those of all users, with SCOPE_ALL (else none): struct key_found, without what the
 * table does not have. */
bool store_key_search(struct db *db, struct scope scope, const void *filter,
		      const struct page *page, struct arena *arena, struct field_list *out,
		      struct err *err_r);

/* By the public id, with the owner (store/owner.h). */
bool store_key_by_prefix(struct db *db, const char *key_prefix, struct arena *arena,
			 struct api_key *out, struct user *owner_r, struct tenant_place *place_r, struct err *err_r);

/* Change the key, or refuse. Runs in the transaction, with the owner and the key as
 * they are while both are locked; it may run several times. What is written of the
 * key: sql/common/key.sql, key_update. */
typedef bool key_update_fn(const struct key_owner *owner, struct api_key *key, void *arg,
			   struct err *err_r);

/* One's own key: ERR_NOT_FOUND when it is not one of the scope's user. */
struct key_update {
	key_update_fn *fn;
	void *arg;
	int64_t now;
	struct arena *arena;           /* for the key */
	struct api_key *key_r;         /* as it is afterwards */
};
bool store_key_update(struct db *db, struct scope scope, const char *id,
		      const struct audit_event *event, const struct key_update *c,
		      struct err *err_r);
/* The same, and the key that replaces it is written: c->fn makes *made of the locked
 * key. ERR_CONFLICT field key_prefix: the public id of *made is taken. */
bool store_key_rotate(struct db *db, struct scope scope, const char *id,
		      const struct audit_event *event, const struct key_update *c,
		      const struct api_key *made, struct err *err_r);
/* Only with SCOPE_ALL. ERR_NOT_FOUND when it was revoked. *out is the key as it is
 * afterwards, as below. Keys that share its quota are given the same limit; *shared_r =
 * these. */
struct key_limit {
	const char *period;            /* NULL with requests INT_NONE: the tier's */
	int64_t requests, now;
};
bool store_key_limit_set(struct db *db, struct scope scope, const char *id,
			 const struct audit_event *event, const struct key_limit *l,
			 struct arena *arena, struct api_key *out, struct field_list *shared_r,
			 struct err *err_r);
/* ERR_NOT_FOUND when it is not in scope, or was revoked before. */
bool store_key_revoke(struct db *db, struct scope scope, const char *id,
		      const struct audit_event *event, const char *reason, int64_t now,
		      struct arena *arena, struct api_key *out, struct err *err_r);

/* The batch (model/key.h). The owners must be in scope, which is SCOPE_ALL. */
bool store_key_import(struct db *db, struct scope scope, const struct audit_event *event,
		      struct key_batch *batch, struct arena *arena, struct err *err_r);
bool store_key_imported_exist(struct db *db, bool *exist_r, struct err *err_r);

/* Active keys whose end is over: *n_r is how many, 500 at most. */
bool store_key_expirable(struct db *db, int64_t now, int64_t *n_r, struct err *err_r);
/* Make so many of them inactive, or none: ERR_UNAVAILABLE when there are fewer by now. */
bool store_key_expire(struct db *db, const struct audit_event *event, int64_t now, int64_t n,
		      struct err *err_r);

#endif
