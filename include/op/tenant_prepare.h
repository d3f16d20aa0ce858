/*
 * op/tenant_prepare.h - what every way of making a team shares. For src/op only.
 */
#ifndef PIERRE_OP_TENANT_PREPARE_H
#define PIERRE_OP_TENANT_PREPARE_H

#include "model/tenant.h"
#include "op/op.h"

/* The row of a new team: a fresh id, the name cut to its longest, a slug of the name
 * when in->slug is NULL, and the ceiling of its plan. Writes nothing. */
struct tenant tenant_prepare(const struct op *op, const struct tenant *in);
/* The first NAME_MAX_CHARS characters. */
const char *tenant_name_cut(const struct op *op, const char *name);
/* What all members together may use in a month with this plan; INT_NONE = no ceiling. */
int64_t tenant_plan_limit(const char *plan);

#endif
