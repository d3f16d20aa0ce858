/*
 * op/system_secret.h - secrets of the service itself, for the shell: what it needs to
 * call others, and no user has. No REST route has them.
 */
#ifndef PIERRE_OP_SYSTEM_SECRET_H
#define PIERRE_OP_SYSTEM_SECRET_H

#include "model/page.h"
#include "model/system_secret.h"
#include "op/op.h"
#include "op/scope.h"

/* With scope_all(). Names alone; the cursor is the last name. */
bool op_system_secret_list(struct op *op, struct scope scope, const struct page_in *in,
			   struct page_out *out, struct err *err_r);
/* reveal: with its value, and an event of the audit trail says so. ERR_NOT_FOUND. */
bool op_system_secret_show(struct op *op, struct scope scope, const char *name, bool reveal,
			   struct system_secret *out, struct err *err_r);
/* Makes it, or puts another value in its place. */
bool op_system_secret_set(struct op *op, struct scope scope, const char *name, const char *value,
			  struct system_secret *out, struct err *err_r);
bool op_system_secret_delete(struct op *op, struct scope scope, const char *name,
			     struct system_secret *out, struct err *err_r);

#endif
