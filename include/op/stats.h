/* op/stats.h - how much there is of everything. */
#ifndef PIERRE_OP_STATS_H
#define PIERRE_OP_STATS_H

#include "model/stats.h"
#include "op/op.h"
#include "op/scope.h"

/* As of op->now; with SCOPE_ALL, else all are 0. */
bool op_stats(struct op *op, struct scope scope, struct stats *out, struct err *err_r);
/* Of connections alone. */
bool op_stats_connections(struct op *op, struct scope scope, struct connection_stats *out,
			  struct err *err_r);

#endif
