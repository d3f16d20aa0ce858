/*
 * store/owner.h - the user who stands behind a session or a key, as the
 * joins of session.sql and key.sql select him (columns owner_*).
 *
 * Fills struct user but for password_hash, which stays NULL: a credential that
 * was verified needs no password.
 */
#ifndef PIERRE_STORE_OWNER_H
#define PIERRE_STORE_OWNER_H

#include "base/arena.h"
#include "model/scope.h"
#include "model/tenant.h"
#include "model/user.h"

struct db;
struct db_value;

/* Run a statement that gives one credential, its owner, and the tenant that it works in
 * (columns place_*). ERR_NOT_FOUND
 * with `absent` when it gives no row. Leaves no statement active. */
bool store_owner_get(struct db *db, int stmt, const struct db_value *args, size_t n,
		     const struct field_schema *schema, struct arena *arena, void *out,
		     struct user *owner_r, struct tenant_place *place_r, const char *absent,
		     struct err *err_r);

#define OWNER_WORD 16   /* a tier, a status or a role, with its NUL */
/* The user of the scope, inside a transaction: the row is locked until it ends, so his
 * tier and status stay as they are. ERR_NOT_FOUND. */
bool store_owner_lock(struct db *db, struct scope scope, const char *user_id,
		      char tier_r[OWNER_WORD], char status_r[OWNER_WORD], struct err *err_r);

#endif
