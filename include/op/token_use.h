/*
 * op/token_use.h - each call by a token of a program leaves one row: what it writes has it
 * in its transaction (op_audit()), any other call in one of its own before the reply. When
 * the reply fails after that transaction, the row says so.
 */
#ifndef PIERRE_OP_TOKEN_USE_H
#define PIERRE_OP_TOKEN_USE_H

#include "op/op.h"

/* Once the credential is known: sets actor.use when it is such a token. status: of the
 * answer when what is written was written. target: NULL = what is written says it. */
void token_use_begin(struct op *op, const char *action, const char *target, int status);

/* Before the reply, which has this status. False: the row could not be written, or the
 * token was revoked meanwhile, and there is another reply. */
bool token_use_end(struct op *op, int status, struct err *err_r);

#endif
