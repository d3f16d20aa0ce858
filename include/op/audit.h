/*
 * op/audit.h - the audit event of what is being done, from who does it.
 */
#ifndef PIERRE_OP_AUDIT_H
#define PIERRE_OP_AUDIT_H

#include "model/audit.h"
#include "op/op.h"

/* A new event with a fresh id: actor, address, client and request come from
 * op, the texts of the type from its row. target may be NULL. Call it once for
 * each change, outside the transaction. */
struct audit_event op_audit(const struct op *op, enum audit_type type, const char *target);

/* Metadata: a JSON object of texts from (name, value) pairs, ended by NULL.
 * A NULL value leaves its pair out. Names are literals of ours. */
const char *op_audit_metadata(const struct op *op, const char *name, const char *value, ...)
	__attribute__((sentinel));

/* The address of the client in canonical form; NULL when it has none (a
 * command, or nginx's `unix:`). */
const char *op_address(const struct op *op);

#endif
