/* op/caller.h - wake the process that calls providers. */
#ifndef PIERRE_OP_CALLER_H
#define PIERRE_OP_CALLER_H

#include "op/op.h"

/* After a row for it was committed. It looks once a second too, so nothing is lost when
 * there is none on this host. */
void op_caller_wake(const struct op *op);

#endif
