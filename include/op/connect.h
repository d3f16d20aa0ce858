/*
 * op/connect.h - how a user connects a provider (RFC 6749 section 4.1, RFC 7636, RFC 9207).
 *
 * A browser that navigates sends no bearer token, so each step has a secret of its own: the
 * link, which the user asked for and which is good for CONNECT_LINK_MS, once; then a state,
 * which goes to the provider and comes back, and a cookie, which stays in the browser that
 * followed the link. A callback needs both of one attempt, and spends both in one UPDATE,
 * whatever it says. All are kept as SHA-256. The code is sealed, and a caller redeems it.
 */
#ifndef PIERRE_OP_CONNECT_H
#define PIERRE_OP_CONNECT_H

#include "model/connect.h"
#include "model/provider.h"
#include "op/scope.h"

#define CONNECT_LINK_MS (5 * 60 * SECOND_MS)
#define CONNECT_VISIT_MS (15 * 60 * SECOND_MS)   /* at the provider */
/* Attempts: an answer that waits in a spool for longer is not stored any more. */
#define CONNECT_KEPT_MS (7 * DAY_MS)
#define CONNECT_LINK_PATH "/api/oauth/start"
/* Then the first 8 characters of the state: two tabs do not overwrite each other's. */
#define CONNECT_COOKIE "__Host-pierre-connect-"
#define CONNECT_COOKIE_TAIL 8

/* What came of an attempt: connect_state.outcome. */
#define OUTCOME_CONNECTED "connected"
#define OUTCOME_UNIDENTIFIED "unidentified"   /* saved; the provider has not said whose it is */
#define OUTCOME_ELSEWHERE "connected_elsewhere"
#define OUTCOME_DENIED "denied"
#define OUTCOME_REFUSED "refused"
#define OUTCOME_FAILED "failed"
#define OUTCOME_LOST "lost"

struct connect_link {
	const char *start_url;
	int64_t expires_at;
	const char *provider;
	struct strings scopes;
};
/* With the user's application, that of the tenant, or that of the server. ERR_CONFLICT
 * reason no_app, app_broken, retired, public_url or redirect_uri. */
bool op_connect_begin(struct op *op, struct scope scope, const struct provider *p,
		      struct connect_link *out, struct err *err_r);

/* 43 random characters; and whether they are the same, in constant time. */
const char *op_connect_nonce(struct op *op);
bool op_connect_nonce_is(const char *nonce, const char *presented);

/* What a link is for. Spends nothing. ERR_NOT_FOUND. */
bool op_connect_look(struct op *op, const char *link, struct connect_state *out,
		     struct connect_account *account_r, struct err *err_r);

/* Spends the link. p: the provider of op_connect_look(). */
struct connect_visit {
	const char *client_id, *redirect_uri, *state;   /* for the provider */
	const char *challenge;              /* of PKCE; NULL = without */
	struct strings scopes;
	const char *cookie_name, *cookie;   /* for the browser */
};
bool op_connect_follow(struct op *op, const struct provider *p, const char *link,
		       struct connect_visit *out, struct err *err_r);

/* What a provider sent a browser back with; NULL = it did not. */
struct connect_callback {
	const char *state, *code, *error, *iss, *scope;
	const char *cookie;                 /* of the browser, by the name of this state */
};
/* p: of the path. Spends state and cookie. ERR_FORBIDDEN reason state or cookie. *out: the
 * attempt, done (its outcome says how) or waiting for a caller. */
bool op_connect_call_back(struct op *op, const struct provider *p, const struct connect_callback *in,
			  struct connect_state *out, struct err *err_r);

/* What came of it, for the browser that has its cookie. ERR_NOT_FOUND. */
bool op_connect_outcome(struct op *op, const char *id, const char *cookie,
			struct connect_state *out, struct err *err_r);

#endif
