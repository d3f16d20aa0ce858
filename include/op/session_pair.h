/*
 * op/session_pair.h - a new pair of tokens, and the session that begins with
 * one. Shared by op/login.c and op/session.c.
 */
#ifndef PIERRE_OP_SESSION_PAIR_H
#define PIERRE_OP_SESSION_PAIR_H

#include "auth/token.h"
#include "op/op.h"
#include "op/session.h"
#include "store/session.h"

struct session_pair {
	char access[TOKEN_TEXT], access_hash[SHA256_HEX];
	char refresh[TOKEN_TEXT], refresh_hash[SHA256_HEX];
	char family_hash[SHA256_HEX];   /* of a new session */
	char seed[TOKEN_SEED];          /* of a pair that can be made again */
	int64_t access_expires_at, expires_at;
};
/* Of a new session, whose family secret is made. */
void session_pair_generate(const struct op *op, const char *session_id, char family_r[33],
			   struct session_pair *out);
void session_pair_show(const struct op *op, const struct session_pair *pair,
		       const char *session_id, struct session_tokens *out);

/* Begin a session of a user who was let in, as long as his password is the one
 * that `login` saw. user->last_active moves on. */
bool session_create(struct op *op, struct user *user, const struct session_login *login,
		    struct session_tokens *out, struct err *err_r);

#endif
