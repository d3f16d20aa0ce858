/*
 * op/account.h - what every way of making an account shares. For src/op only.
 */
#ifndef PIERRE_OP_ACCOUNT_H
#define PIERRE_OP_ACCOUNT_H

#include "op/user.h"

/* Check everything and fill the row (fresh id, hashed password) from email, password,
 * display_name, tier and role of `in`; nothing is written. active: else pending. The
 * texts are in op->arena. */
bool account_prepare(struct op *op, const struct user *in, bool active, struct user *out,
		     struct err *err_r);

#endif
