/*
 * op/hashing.h - bcrypt under the permits of rule R19: at most half the slow
 * workers hash at once, whoever finds none free is told to come back.
 */
#ifndef PIERRE_OP_HASHING_H
#define PIERRE_OP_HASHING_H

#include "auth/password.h"
#include "op/op.h"

/* At the configured cost. ERR_RATE without a permit. */
bool op_password_hash(struct op *op, const char *password, char out[PASSWORD_HASH],
		      struct err *err_r);
/* *matches_r; hash may be NULL (a decoy is hashed). False = no permit: ERR_RATE. */
bool op_password_verify(struct op *op, const char *password, const char *hash,
			bool *matches_r, struct err *err_r);

#endif
