/*
 * store/connection_call.h - connections as the caller sees them, of every user: those that
 * wait to be identified or revoked, and what comes of it.
 */
#ifndef PIERRE_STORE_CONNECTION_CALL_H
#define PIERRE_STORE_CONNECTION_CALL_H

#include "model/connect.h"
#include "model/notification.h"
#include "store/connection.h"

/* Those that wait, and that no caller has. */
bool store_connection_pending(struct db *db, int64_t now, int64_t most, struct arena *arena,
			      struct field_list *out, struct err *err_r);
/* Of the same application and account, or of the same user, tenant and provider, but
 * identified and not this one. ERR_NOT_FOUND. */
bool store_connection_by_account(struct db *db, const struct connection *c, const char *account,
				 struct arena *arena, struct connection *out, struct err *err_r);
bool store_connection_of_user(struct db *db, const struct connection *c, struct arena *arena,
			      struct connection *out, struct err *err_r);

/* New tokens of a code, before anything else is done with them: client_id is that of the
 * application as it was asked (store_provider_app_hold()). ERR_FORBIDDEN: the user has no
 * place in the tenant any more. ERR_NOT_FOUND: what its attempt gave is stored already. */
bool store_connection_save(struct db *db, const struct audit_event *event,
			   const struct connection *in, const char *client_id, struct err *err_r);

/* One transaction that ends what was pending. What is NULL is not done. */
struct connection_end {
	const struct connection *pending;
	const char *account;                    /* it is identified as this; "" = the provider has none */
	const struct connection *replaced;      /* its tokens are in this row now, and it goes, */
	struct scope scope;                     /* of replaced */
	const struct connection *aside;         /* or takes what that had, which is to be revoked */
	bool revoke;                            /* it ends, and is to be revoked */
	bool drop;                              /* it goes */
	const char *refresh_id;                 /* another connection, of which a refresh is wanted */
	const struct connect_state *finished;   /* id, outcome, message */
	const struct notification *told;
};
/* ERR_NOT_FOUND: it was changed meanwhile. ERR_CONFLICT: another took its place. */
bool store_connection_settle(struct db *db, const struct audit_event *event,
			     const struct connection_end *end, struct err *err_r);

/* Nothing came of it: again at retry_at, unless it was ended or claimed since. */
bool store_connection_retry(struct db *db, const struct connection *c, const char *reason,
			    int64_t retry_at, int64_t now, struct err *err_r);

#endif
