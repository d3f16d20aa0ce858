/*
 * op/account.h - what every way of making an account shares. For src/op only.
 */
#ifndef PIERRE_OP_ACCOUNT_H
#define PIERRE_OP_ACCOUNT_H

#include "op/user.h"

struct account_in {
	const char *email, *password, *display_name;
	const char *tier;
	bool active;          /* else pending */
	bool is_admin;
};

/* Check everything and fill the row (fresh id, hashed password); nothing is
 * written. The texts are in op->arena. */
bool account_make(struct op *op, const struct account_in *in, struct user *out,
		  struct err *err_r);

#endif
