/*
 * op/role.h - nobody acts on a role above his own. For src/op only.
 */
#ifndef PIERRE_OP_ROLE_H
#define PIERRE_OP_ROLE_H

#include "model/user.h"
#include "op/op.h"

/* May the actor change this user, his keys or his password? ERR_FORBIDDEN reason role. */
bool role_check(const struct op *op, const struct user *user, struct err *err_r);

#endif
