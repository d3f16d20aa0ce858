/*
 * tests/db/op_account.h - the fixture of the tests about accounts, and what
 * all of them do with one.
 */
#ifndef PIERRE_TESTS_OP_ACCOUNT_H
#define PIERRE_TESTS_OP_ACCOUNT_H

#include "op_fixture.h"

#define NOBODY "00000000-0000-4000-8000-000000000000"
#define KEY_A ((struct conf_key){ .set = true, .bytes = { 0, 1, 2, 3 } })
#define KEY_B ((struct conf_key){ .set = true, .bytes = { 1, 1, 2, 3 } })

static struct fixture f;
static struct err err;

/* Something that has to succeed; says why when it does not. */
__attribute__((unused))
static bool done(bool good, const char *name)
{
	if (!ok(good, "%s", name))
		printf("#   %s\n", err.message);
	return good;
}

__attribute__((unused))
static bool add(const char *email, const char *name, struct user *out)
{
	return op_user_register(&f.op, &(struct user){ .email = email, .password = PASSWORD, .display_name = name },
				out, &err);
}

__attribute__((unused))
static struct user reread(const char *id)
{
	struct user u = { 0 };

	ok(op_user_get(&f.op, EVERY, id, &u, &err), "read again");
	return u;
}

#endif
