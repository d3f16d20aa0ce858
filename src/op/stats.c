/* op/stats.c - how much there is of everything. */
#include "config.h"

#include "op/stats.h"
#include "store/stats.h"

bool op_stats(struct op *op, struct scope scope, struct stats *out, struct err *err_r)
{
	return store_stats(op->db, scope, op->now, op->arena, out, err_r);
}

bool op_stats_connections(struct op *op, struct scope scope, struct connection_stats *out,
			  struct err *err_r)
{
	return store_stats_connections(op->db, scope, op->arena, out, err_r);
}
