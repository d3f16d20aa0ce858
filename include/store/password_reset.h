/* store/password_reset.h - ways to a new password: typed calls. */
#ifndef PIERRE_STORE_PASSWORD_RESET_H
#define PIERRE_STORE_PASSWORD_RESET_H

#include "base/arena.h"
#include "base/err.h"
#include "model/audit.h"
#include "model/password_reset.h"
#include "model/scope.h"
#include "store/user.h"

struct db;

/* Only with SCOPE_ALL; judge: may he have one? Over his locked row (store/user.h). */
struct password_reset_new {
	struct scope scope;
	const struct password_reset *reset;
	user_update_fn *judge;
	void *arg;
	struct arena *arena;
};
bool store_password_reset_create(struct db *db, const struct audit_event *event,
				 const struct password_reset_new *n, struct err *err_r);

/* ERR_NOT_FOUND: there is none. */
bool store_password_reset_by_hash(struct db *db, const char *hash, struct arena *arena,
				  struct password_reset *out, struct err *err_r);

/* The new password; ends all sessions of the user and all his resets. ERR_NOT_FOUND: it
 * was spent meanwhile. */
struct password_reset_spend {
	const struct password_reset *reset;
	const char *new_hash;
	int64_t now;
	const struct login_failure_update *failures;
};
bool store_password_reset_spend(struct db *db, const struct audit_event *event,
				const struct password_reset_spend *s, struct err *err_r);

#endif
