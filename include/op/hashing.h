/*
 * op/hashing.h - bcrypt under the permits of R19: at most half the slow
 * workers hash at once; a request that gets no permit within a second is refused.
 */
#ifndef PIERRE_OP_HASHING_H
#define PIERRE_OP_HASHING_H

#include "auth/password.h"
#include "op/op.h"
#include "shm/scoreboard.h"

/* ERR_RATE with retry_after when no permit came free. Give it back with
 * hashing_end(op->process->slot). */
bool op_hashing_begin(struct op *op, struct err *err_r);

/* One hash at the configured cost, permit included. */
bool op_password_hash(struct op *op, const char *password, char out[PASSWORD_HASH],
		      struct err *err_r);

#endif
