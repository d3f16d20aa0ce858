/*
 * op/tenant_judge.h - what every change of a tenant, its members and its invitations
 * is judged by, over rows that are locked. For src/op only.
 */
#ifndef PIERRE_OP_TENANT_JUDGE_H
#define PIERRE_OP_TENANT_JUDGE_H

#include "op/audit.h"
#include "op/tenant.h"
#include "store/tenant.h"

/* May who acts do this there? `everywhere`: with SCOPE_ALL, no role is needed.
 * ERR_NOT_FOUND when the actor is no member, or the tenant was deleted. */
bool tenant_may(const struct tenant_locked *locked, const struct tenant *tenant,
		unsigned permission, bool everywhere, struct err *err_r);
/* ERR_CONFLICT reason personal. */
bool tenant_is_team(const struct tenant *tenant, struct err *err_r);

/* An event about the tenant of tx, and its target (an id, or NULL). */
struct audit_event tenant_event(const struct op *op, const struct tenant_tx *tx,
				enum audit_type type, const char *target,
				const struct field_schema *schema, const void *record);
/* The rest of tx from op; tenant_r is out, or a place of its own. */
struct tenant_tx tenant_tx_of(const struct op *op, struct scope scope, const char *id,
			      tenant_judge_fn *judge, void *arg, struct tenant *out);
/* id -> its canonical form in the arena; ERR_NOT_FOUND. */
bool tenant_id_check(const struct op *op, const char *id, const char **id_r, struct err *err_r);

#endif
