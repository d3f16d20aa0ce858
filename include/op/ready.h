/*
 * op/ready.h - may a load balancer send requests here?
 */
#ifndef PIERRE_OP_READY_H
#define PIERRE_OP_READY_H

#include "op/op.h"

/* Asks the database, within timeout_ms. False: ERR_UNAVAILABLE whatever the
 * cause, with its class as reason (unreachable, refused, failed) and a sentence
 * without hosts or paths; *why_r has those, for the log. */
bool op_ready(struct op *op, int64_t timeout_ms, struct err *why_r, struct err *err_r);
/* Once it is ready: why it is not whole; NULL = it is. On op->arena. */
const char *op_degraded(struct op *op);

#endif
