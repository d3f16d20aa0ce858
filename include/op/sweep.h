/*
 * op/sweep.h - what is kept for a while goes: invitations 30 days after their end, ways to
 * a new password a day after theirs (until then they are told from unknown ones), calls of
 * admin tokens after ADMIN_TOKEN_USAGE_DAYS, claims at their end (op/claim.h).
 */
#ifndef PIERRE_OP_SWEEP_H
#define PIERRE_OP_SWEEP_H

#include "op/op.h"

/* All there is, a page after the other. *n_r = rows that went, also of a call that fails. */
bool op_sweep(struct op *op, int64_t *n_r, struct err *err_r);

#endif
