/*
 * op/limit_lease.h - leasing quota into a slot and giving it back. For src/op
 * only; struct op needs segment and quota.
 */
#ifndef PIERRE_OP_LIMIT_LEASE_H
#define PIERRE_OP_LIMIT_LEASE_H

#include "op/limit.h"

/* FAILED: *err_r says why. AGAIN stays inside limit_lease.c. */
enum lease_result { REFUSED, CONSUMED, FAILED, AGAIN };

/* Take cost from a slot that has not enough, leasing what is missing. Sets
 * s->window and s->remaining. */
enum lease_result lease_consume(struct op *op, struct limit_slot *slot, struct limit_state *s,
				uint32_t cost, struct err *err_r);
/* The same for this request alone, without a slot. */
enum lease_result lease_single(struct op *op, struct limit_state *s, uint32_t cost,
			       struct err *err_r);
/* All of the limit is leased and nothing has come back since a moment ago. */
bool lease_exhausted(const struct limit_slot *slot, const struct limit_state *s);
/* What is left of the limit: in the slot, and not leased by any host. */
int64_t lease_remaining(const struct limit_slot *slot, const struct limit_state *s,
			uint32_t left);

#endif
