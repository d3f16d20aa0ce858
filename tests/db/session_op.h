/*
 * tests/db/session_op.h - the fixture of the tests about sessions: one user, his last
 * pair of tokens, and what is done with them.
 */
#ifndef PIERRE_TESTS_SESSION_OP_H
#define PIERRE_TESTS_SESSION_OP_H

#include "auth/token.h"
#include "op/audit.h"
#include "op/session.h"
#include "credential_op.h"
#include "op_fixture.h"

static struct fixture f;
static struct err err;
static struct user user, seen;
static struct actor actor;
static struct session_tokens now_good;   /* the last pair */

static void begin(void)
{
	f.op.now = T0;
	f.op.actor = (struct actor){ .role = ROLE_SUPER_ADMIN, .source = "test" };
	user = make_user(&f, NULL);
	if (!op_login(&f.op, &(struct login_in){ user.email, PASSWORD }, &now_good, &seen, &err))
		bail_out("login", &err);
}

static enum err_kind refresh(const char *token)
{
	err = (struct err){ 0 };
	return op_session_refresh(&f.op, token, NULL, &now_good, &seen, &err) ? ERR_NONE : err.kind;
}

static enum err_kind check(const char *token)
{
	struct credential out;

	err = (struct err){ 0 };
	if (!session_good(&f.op, token, &out, &err))
		return err.kind;
	actor = credential_actor(&out, f.op.actor.source);
	seen = *out.owner;
	return ERR_NONE;
}

static int64_t sessions(void)
{
	return look(&f, LOOK_SESSIONS, user.id, NULL);
}

#endif
