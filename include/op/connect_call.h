/*
 * op/connect_call.h - what the caller does for connections: it redeems codes, asks whose
 * tokens are, and revokes those that were ended. The requests themselves are
 * provider/request.h's, and what a reply means is provider/reply.h's.
 *
 * A code is redeemed at most once: a caller that dies with it leaves an attempt that is
 * OUTCOME_LOST. Tokens are saved before anything else is done with them.
 */
#ifndef PIERRE_OP_CONNECT_CALL_H
#define PIERRE_OP_CONNECT_CALL_H

#include "model/connect.h"
#include "model/connection.h"
#include "model/provider.h"
#include "model/provider_app.h"
#include "op/connection.h"

#define CALL_LEASE_MS (60 * SECOND_MS)

/* What there is to do: of struct connect_state and struct connection. */
struct calls_due {
	struct field_list codes, connections;
};
bool op_calls_due(struct op *op, struct calls_due *out, struct err *err_r);

/* A code to redeem. */
struct redemption {
	struct connect_state state;
	struct provider_app app;
	const char *client_secret;
	const char *code, *verifier;      /* verifier: NULL without PKCE */
};
/* ERR_NOT_FOUND: another caller has it. Any other error ended the attempt. */
bool op_redemption_claim(struct op *op, const char *state_id, struct redemption *out,
			 struct err *err_r);
/* What the provider gave. */
struct redeemed {
	struct connection_tokens tokens;
	int64_t expires_at;
	struct strings scopes;            /* no list: the reply does not say */
};
/* The connection, CONNECTION_UNIDENTIFIED and claimed. */
bool op_redemption_save(struct op *op, const struct redemption *r, const struct redeemed *in,
			struct connection *out, struct err *err_r);
/* Nothing came of it. outcome: OUTCOME_...; why: the end of a sentence. app_reason: the
 * provider does not accept the application; NULL = it is not that. */
bool op_redemption_fail(struct op *op, const struct redemption *r, const struct provider *p,
			const char *outcome, const char *why, const char *app_reason,
			struct err *err_r);

/* Whose the tokens are: account, NULL = the provider cannot say. It becomes the connection
 * of its user; or the account is connected elsewhere, and it goes. finished: the attempt,
 * NULL = it is over. *outcome_r: OUTCOME_CONNECTED or OUTCOME_ELSEWHERE. */
bool op_connection_identify(struct op *op, const struct provider *p, const struct connection *c,
			    const char *account, const struct connect_state *finished,
			    const char **outcome_r, struct err *err_r);
/* It did not say this time. It is asked again, until the access token ends. */
bool op_connection_unidentified(struct op *op, const struct provider *p, const struct connection *c,
				const char *reason, const struct connect_state *finished,
				struct err *err_r);

/* A connection that waits, with what is needed to call for it. */
struct connection_due {
	struct connection c;              /* claimed: refresh_gen is that of the claim */
	struct connection_tokens tokens;
	bool has_app;
	struct provider_app app;
	const char *client_secret;
	bool keep;                        /* ended, but to revoke it would end another one */
};
/* ERR_CONFLICT or ERR_NOT_FOUND: it waits no more. */
bool op_connection_due_claim(struct op *op, const char *id, int64_t refresh_gen,
			     const struct provider *p, struct connection_due *out,
			     struct err *err_r);
/* It was revoked; or not, and why: it goes, and its owner is told. */
bool op_connection_revoked(struct op *op, const struct provider *p, const struct connection *c,
			   bool revoked, const char *why, struct err *err_r);
/* Nothing was answered: again later, or in the end not. */
bool op_connection_unrevoked(struct op *op, const struct provider *p, const struct connection *c,
			     const char *reason, struct err *err_r);

#endif
