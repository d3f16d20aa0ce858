/*
 * op/session.h - login, opaque tokens, refresh rotation, logout.
 *
 * Refresh (RFC 9700 section 4.14.2): the current token rotates the pair. A spent
 * one presented within 10 s while its successor is unused is given the same pair
 * again (parallel requests, a lost reply); later, or once the successor was used,
 * it ends the session. Rotation is one conditional UPDATE, so of many at once one
 * wins and the others are judged by the rule above. The ten seconds count from
 * the first use. Anything else that carries the family secret counts as spent.
 *
 * A pair is made of a random seed in the row with the pair_keys of the process
 * (auth/token.h), so each process that has the key can make it again, and the
 * database alone cannot.
 * Where that cannot be done (an older program rotated, another key), the spent
 * token is refused and the session goes on.
 *
 * The access token that a refresh replaces stays good for 60 s, or until its own
 * end; the one before that ends. A password change ends it in the session that
 * asks, too, and gives no pair again.
 *
 * Guessing (R19): failures are counted per (account, network), network = /24 or /64 of
 * REMOTE_ADDR; from the 5th on the wait doubles from 1 s up to 15 min (60 s for a network
 * with an earlier login of the account). After 30 failures an hour on one account from
 * networks without an earlier login, those networks wait until the hour is over; known
 * networks are not affected. Waiting = ERR_RATE with retry_after, decided without
 * hashing. Unknown accounts behave the same.
 * Attempts are counted before they are hashed (op/throttle.h), so these bounds
 * hold for any number at once. A network stays known for 90 days after its
 * last login; failures are forgotten after a day without one.
 */
#ifndef PIERRE_OP_SESSION_H
#define PIERRE_OP_SESSION_H

#include "model/session.h"
#include "model/tenant.h"
#include "model/user.h"
#include "op/op.h"
#include "op/scope.h"

struct login_in {
	const char *email, *password;
};
struct session_tokens {
	const char *access_token, *refresh_token;
	int64_t expires_in, expires_at;       /* of the access token: what is left in s, ms */
	const char *session_id;
};
/* ERR_AUTH_INVALID "Invalid email or password" (same sentence and time for
 * unknown accounts); ERR_FORBIDDEN reason pending|suspended only after the
 * right password (the sentence names approval); ERR_RATE when slowed or when
 * no password permit is free; ERR_UNAVAILABLE when the account changed while its
 * password was hashed. Updates last_active; rehashes a stale hash. */
bool op_login(struct op *op, const struct login_in *in, struct session_tokens *out,
	      struct user *user_r, struct err *err_r);
/* Without asking for the password: for the admin just set up, whose password
 * hash the row holds. */
bool op_session_create(struct op *op, const struct user *user, struct session_tokens *out,
		       struct err *err_r);
/* ERR_AUTH_INVALID reason unknown, or spent: a moment ago, and the pair cannot be
 * made again; or reused: the session was ended; ERR_AUTH_EXPIRED; ERR_FORBIDDEN
 * reason suspended|pending (nothing is spent); ERR_INTERNAL without pair_keys.
 * user_id: whose session it must be (else ERR_AUTH_INVALID and nothing is
 * spent); NULL = any user's. */
bool op_session_refresh(struct op *op, const char *refresh_token, const char *user_id,
			struct session_tokens *out, struct user *user_r, struct err *err_r);

/* The actor's session works in another tenant from now on, and has a new pair; the one
 * from before is refused at once, without a grace, so that nothing is written into the
 * wrong tenant. No member: ERR_NOT_FOUND; suspended: ERR_FORBIDDEN reason
 * tenant_suspended. */
bool op_session_switch(struct op *op, const char *tenant_id, struct session_tokens *out,
		       struct membership *place_r, struct err *err_r);
/* Live sessions of the scope's user, newest first, at most 200. */
bool op_session_list(struct op *op, struct scope scope, struct field_list *out,
		     struct err *err_r);
/* One of the scope's user: ERR_NOT_FOUND otherwise. Logout = end of
 * actor.session_id. */
bool op_session_end(struct op *op, struct scope scope, const char *session_id,
		    struct err *err_r);

/* For the scheduler: drop expired sessions and old login failures. Pages of
 * 500; *n_r = how many rows went. */
bool op_session_sweep(struct op *op, int64_t *n_r, struct err *err_r);

#endif
