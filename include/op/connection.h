/*
 * op/connection.h - tokens of users at providers: brought, given out, ended. A user's are
 * those of the tenant that he works in.
 */
#ifndef PIERRE_OP_CONNECTION_H
#define PIERRE_OP_CONNECTION_H

#include "model/connection.h"
#include "model/page.h"
#include "model/provider.h"
#include "op/page.h"
#include "op/scope.h"

/* An access token that is given out while it has less than that left is refreshed first. */
#define LEND_LEFT_MS (60 * SECOND_MS)

/* Tokens that their owner brings, over those that are there: the id stays, and without a
 * refresh token the one from before. ERR_CONFLICT reason retired. */
bool op_connection_put(struct op *op, struct scope scope, const struct provider *p,
		       const struct tokens_in *in, struct connection *out, struct err *err_r);

/* States alone. Of struct connection, by provider. */
bool op_connection_list(struct op *op, struct scope scope, struct field_list *out,
			struct err *err_r);
/* Of a tenant at one provider, newest first. */
bool op_connection_list_tenant(struct op *op, struct scope scope, const char *provider,
			       const struct page_in *in, struct page_out *out, struct err *err_r);

/* The access token: one SELECT and an open. ERR_NOT_FOUND; ERR_CONFLICT reason
 * reauth_required or retired; ERR_UNAVAILABLE reason unidentified or refresh_pending. */
struct tokens_lent {
	const struct connection *connection;
	const char *access_token;
};
bool op_connection_lend(struct op *op, struct scope scope, const struct provider *p,
			struct tokens_lent *out, struct err *err_r);

/* They are being refreshed: the request waits for that, unless the next try is later. False,
 * always: ERR_UNAVAILABLE reason refresh_pending; ERR_CONFLICT reason app_broken. */
bool connection_pending(struct op *op, const struct provider *p, const struct connection *c,
			struct err *err_r);

/* Nobody gets them any more; the caller tells the provider. provider NULL: all of the user
 * in this tenant. *n_r: how many there were. */
bool op_connection_end(struct op *op, struct scope scope, const char *provider, int64_t *n_r,
		       struct err *err_r);

/* --- for those who call providers -------------------------------------------------------- */

struct connection_tokens {
	const char *access_token;
	const char *refresh_token;   /* NULL = there is none */
};
/* In op->arena. */
bool op_connection_open(struct op *op, const struct connection *c, struct connection_tokens *out,
			struct err *err_r);
/* Sets sealed_access, sealed_refresh and key_id of the row. */
bool op_connection_seal(struct op *op, const struct connection_tokens *tokens,
			struct connection *c, struct err *err_r);
/* A row as it is before anything is known of it: id, user, tenant and provider. */
struct connection connection_new(const struct op *op, const char *user_id, const char *tenant_id,
				 const char *provider);
/* Words between blanks or commas; NULL = none. */
struct strings scopes_read(struct arena *arena, const char *text);
/* What was asked for and not granted. */
struct strings scopes_missing(struct arena *arena, struct strings asked, struct strings granted);

#endif
