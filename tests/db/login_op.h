/*
 * tests/db/login_op.h - the fixture of the tests about logins and guesses: one
 * login, from where it comes, and when.
 */
#ifndef PIERRE_TESTS_LOGIN_OP_H
#define PIERRE_TESTS_LOGIN_OP_H

#include "op/session.h"
#include "op_fixture.h"

static struct fixture f;
static struct err err;
static struct user seen;
static struct session_tokens tokens;

static enum err_kind login(const char *email, const char *password)
{
	err = (struct err){ 0 };
	if (op_login(&f.op, &(struct login_in){ email, password }, &tokens, &seen, &err))
		return ERR_NONE;
	return err.kind;
}

static enum err_kind login_from(const char *addr, const char *email, const char *password)
{
	f.op.client.remote_addr = addr;
	return login(email, password);
}

static void start(int64_t now)
{
	f.op.now = now;
	f.op.client.remote_addr = "192.0.2.1";
}

static const char *network(int i)
{
	return arena_printf(f.arena, "10.1.%d.7", i);
}

#endif
