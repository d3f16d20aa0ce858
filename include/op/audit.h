/*
 * op/audit.h - the audit event of what is being done, from who does it.
 */
#ifndef PIERRE_OP_AUDIT_H
#define PIERRE_OP_AUDIT_H

#include "base/field.h"
#include "model/audit.h"
#include "op/op.h"

/* A new event with a fresh id: actor, address, client and request come from
 * op, the texts of the type from its row. target may be NULL. Call it once for
 * each change, outside the transaction. */
struct audit_event op_audit(const struct op *op, enum audit_type type, const char *target);

/* The same, and its metadata tell of `record` (NULL = nothing) the fields of schema
 * that are flagged FIELD_AUDIT: a JSON object of texts; true is "yes", and a text with
 * FIELD_FREE is masked. What is NULL or false is left out. */
struct audit_event op_audit_of(const struct op *op, enum audit_type type, const char *target,
			       const struct field_schema *schema, const void *record);

/* The address of the client in canonical form; NULL when it has none (a
 * command, or nginx's `unix:`). */
const char *op_address(const struct op *op);
/* What the client calls itself; NULL when it does not, or in no UTF-8. */
const char *op_user_agent(const struct op *op);

#endif
