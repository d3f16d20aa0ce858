/*
 * op/connect_call.h - what the caller does for connections: it redeems codes, asks whose
 * tokens are, and revokes those that were ended. The requests themselves are
 * provider/request.h's, and what a reply means is provider/reply.h's.
 *
 * A code is redeemed at most once: a caller that dies before the answer leaves an attempt
 * that is OUTCOME_LOST. The answer is in the spool (op/spool.h) before anything else is done
 * with it, and stored before the next call: who finds the file stores it, also later.
 */
#ifndef PIERRE_OP_CONNECT_CALL_H
#define PIERRE_OP_CONNECT_CALL_H

#include "model/connect.h"
#include "model/connection.h"
#include "model/provider.h"
#include "model/provider_app.h"
#include "op/refresh.h"

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
/* ERR_NOT_FOUND: another caller has it. Any other error: it is to be ended by
 * op_redemption_fail(), when out->state.id is set. */
bool op_redemption_claim(struct op *op, const char *state_id, struct redemption *out,
			 struct err *err_r);
/* Its code has waited longer than it lives: to send it could end more than it gives (RFC 6749,
 * section 4.1.2). now: wall clock after the claim, which may have waited; the code came by that
 * of the host that was called back. */
bool op_redemption_is_late(const struct redemption *r, const struct provider *p, int64_t now);
/* What the provider gave, for the spool. */
struct refresh_answer redemption_answer_of(const struct redemption *r, const struct provider_reply *reply,
					   int64_t now, struct arena *arena);
/* The connection, with the id of the attempt: CONNECTION_UNIDENTIFIED. claimed: this caller
 * goes on with it. *written_r: false when it was stored before, or the attempt is forgotten,
 * or its user has no place for it any more, which he is told: then the tokens are revoked where
 * that ends nothing else. May be called again with the
 * same answer. */
bool op_redemption_save(struct op *op, const struct provider *p, const struct refresh_answer *a,
			bool claimed, struct connection *out, bool *written_r, struct err *err_r);
/* Nothing came of it. outcome: OUTCOME_...; why: the end of a sentence. broken: the provider
 * does not accept this application, as it was read for the call, for this reason; NULL = it is
 * not that. */
struct app_refusal {
	const struct provider_app *app;
	const char *reason;
};
bool op_redemption_fail(struct op *op, const struct connect_state *state, const struct provider *p,
			const char *outcome, const char *why, const struct app_refusal *broken,
			struct err *err_r);

/* Of an answer of a spool, to a code or to a refresh. ERR_NOT_FOUND: the database has neither its
 * connection nor its attempt (any more). */
bool op_answer_is_known(struct op *op, const struct refresh_answer *a, struct err *err_r);
/* *written_r: false when it is outdated. */
bool op_answer_store(struct op *op, const struct refresh_answer *a, bool *written_r,
		     struct err *err_r);

/* Whose the tokens are: account; NULL = the provider cannot say, or, when its row has an
 * identity_field, did not, and OUTCOME_FAILED is what comes of it. It becomes the connection
 * of its user, and what that had before is revoked where this ends nothing else; or the
 * account is connected elsewhere, and it goes. *outcome_r: OUTCOME_CONNECTED, OUTCOME_ELSEWHERE
 * or OUTCOME_FAILED. */
bool op_connection_identify(struct op *op, const struct provider *p, const struct connection *c,
			    const char *account, const char **outcome_r, struct err *err_r);
/* It did not say this time. It is asked again, until the access token ends. */
bool op_connection_unidentified(struct op *op, const struct provider *p, const struct connection *c,
				const char *reason, struct err *err_r);

/* Whether a revocation of one of them, where it ends all that was granted, ends the other:
 * both are of one client at the provider, and of one account as far as that is known. */
bool connection_same_grant(struct op *op, const struct connection *a, const struct connection *b,
			   bool *same_r, struct err *err_r);

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
