/*
 * op/password_reset.h - a forgotten password: an administrator makes a token (`prt_...`, an
 * hour, once) and hands it over; Pierre sends no mail.
 */
#ifndef PIERRE_OP_PASSWORD_RESET_H
#define PIERRE_OP_PASSWORD_RESET_H

#include "model/password_reset.h"
#include "op/op.h"
#include "op/scope.h"

/* reset_token of *out is to be shown once. ERR_FORBIDDEN reason role: the user's role is
 * above the actor's; or it is an administrator's and the actor an admin token, which would
 * have all that he may. */
bool op_password_reset_create(struct op *op, struct scope scope, const char *user_id,
			      struct password_reset *out, struct err *err_r);

/* By nobody in particular: the token says whose. Ends his sessions and his other reset
 * tokens. ERR_AUTH_INVALID: unknown or spent; ERR_AUTH_EXPIRED; ERR_RATE: this network has
 * presented too many that were wrong. */
bool op_password_reset_spend(struct op *op, const struct password_reset_in *in,
			     struct err *err_r);

#endif
