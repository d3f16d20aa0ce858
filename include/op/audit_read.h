/*
 * op/audit_read.h - reading the audit trail.
 */
#ifndef PIERRE_OP_AUDIT_READ_H
#define PIERRE_OP_AUDIT_READ_H

#include "model/audit_chain.h"
#include "model/scope.h"
#include "op/op.h"

/* One page of struct audit_entry, newest first: of all events (scope_all), or of what
 * one user did. ERR_INVALID, ERR_RANGE naming the field. */
bool op_audit_list(struct op *op, struct scope scope, const struct audit_query *in,
		   struct page_out *out, struct err *err_r);
/* The same of what happened in the tenant that op_tenant_enter() opened. */
bool op_audit_list_tenant(struct op *op, struct scope scope, const struct audit_query *in,
			  struct page_out *out, struct err *err_r);

#endif
