/*
 * store/instance.h - the one row that says what this database is: its random
 * id, the check value of the master key, the token for the first admin.
 */
#ifndef PIERRE_STORE_INSTANCE_H
#define PIERRE_STORE_INSTANCE_H

#include "base/arena.h"
#include "base/err.h"
#include "model/audit.h"
#include "model/instance.h"
#include "model/user.h"

struct db;

/* ERR_NOT_FOUND before the first start. */
bool store_instance_get(struct db *db, struct arena *arena, struct instance *out,
			struct err *err_r);
/* The row, made with database_id when there is none. Of two at once one
 * makes it and both get the same. */
bool store_instance_ensure(struct db *db, const struct audit_event *event,
			   const char *database_id, struct arena *arena,
			   struct instance *out, struct err *err_r);
/* Stores the check value unless there is one; *out is the row afterwards. */
bool store_instance_key_check(struct db *db, const struct audit_event *event,
			      const char *key_check, struct arena *arena,
			      struct instance *out, struct err *err_r);

/* Replaces the token; ERR_CONFLICT when there is an active admin. */
bool store_setup_token(struct db *db, const struct audit_event *event,
		       const char *hash, int64_t expires_at, struct err *err_r);
/* Spends the token and inserts the admin: ERR_CONFLICT when an active admin
 * exists, ERR_AUTH_INVALID when the token is not the one, or is too old. */
bool store_admin_setup(struct db *db, const struct audit_event *event,
		       const char *token_hash, const struct user *admin,
		       struct err *err_r);

#endif
