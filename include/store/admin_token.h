/*
 * store/admin_token.h - admin tokens, and keys that administrators made: typed calls. All
 * but the look-up by hash find nothing without SCOPE_ALL.
 */
#ifndef PIERRE_STORE_ADMIN_TOKEN_H
#define PIERRE_STORE_ADMIN_TOKEN_H

#include "base/arena.h"
#include "base/err.h"
#include "model/admin_token.h"
#include "model/audit.h"
#include "model/scope.h"

struct db;

bool store_admin_token_create(struct db *db, const struct audit_event *event,
			      const struct admin_token *token, struct err *err_r);
/* The hash stands for the token: is_active says nothing of its end. */
bool store_admin_token_by_hash(struct db *db, const char *hash, struct arena *arena,
			       struct admin_token *out, struct err *err_r);
/* ERR_NOT_FOUND: there is none. */
bool store_admin_token_get(struct db *db, struct scope scope, const char *id, int64_t now,
			   struct arena *arena, struct admin_token *out, struct err *err_r);

/* filter: a struct admin_token_filter. */
struct admin_token_filter {
	const struct admin_token_query *in;
	int64_t now;
};
bool store_admin_token_list(struct db *db, struct scope scope, const void *filter,
			    const struct page *page, struct arena *arena,
			    struct field_list *out, struct err *err_r);

/* ERR_NOT_FOUND: there is none, or it was revoked before. */
bool store_admin_token_revoke(struct db *db, struct scope scope, const char *id,
			      const struct audit_event *event, int64_t now, struct err *err_r);

/* `made` in place of `id`, which ends at `until` (now = at once). ERR_CONFLICT: that one
 * is not live, or was replaced already. */
struct admin_token_rotation {
	struct scope scope;
	const char *id;
	const struct admin_token *made;
	int64_t now, until;
};
bool store_admin_token_rotate(struct db *db, const struct audit_event *event,
			      const struct admin_token_rotation *r, struct err *err_r);

/* In the transaction that makes the key. */
bool store_provisioned_add(struct db *db, const struct provisioned_key *p, struct err *err_r);
/* The row of a key that replaces `id`, where that has one. */
bool store_provisioned_rotate(struct db *db, const char *id, const char *new_id, int64_t now,
			      struct err *err_r);
/* filter: a struct provisioned_filter. */
struct provisioned_filter {
	const struct provisioned_query *in;
	int64_t now;
};
bool store_provisioned_list(struct db *db, struct scope scope, const void *filter,
			    const struct page *page, struct arena *arena,
			    struct field_list *out, struct err *err_r);

#endif
