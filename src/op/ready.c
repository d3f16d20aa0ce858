/* op/ready.c - readiness is what the store says of itself. */
#include "config.h"

#include "op/ready.h"
#include "store/ready.h"

bool op_ready(struct op *op, int64_t timeout_ms, struct err *err_r)
{
	if (store_ready(op->db, timeout_ms, err_r))
		return true;
	err_r->kind = ERR_UNAVAILABLE;
	return false;
}
