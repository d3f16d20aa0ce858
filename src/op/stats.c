/* op/stats.c - how much there is of everything. */
#include "config.h"

#include "op/stats.h"
#include "store/stats.h"

bool op_stats(struct op *op, struct scope scope, struct stats *out, struct err *err_r)
{
	return store_stats(op->db, scope, op->now, op->arena, out, err_r);
}
