/*
 * op/scope.h - the one place where a scope (store/scope.h) is made, from who
 * acts. Handlers and commands pass it to each call on rows that have an owner.
 */
#ifndef PIERRE_OP_SCOPE_H
#define PIERRE_OP_SCOPE_H

#include "model/connection.h"
#include "model/member.h"
#include "model/scope.h"
#include "op/op.h"

/* The rows of the user who acts, in the tenant of the session; SCOPE_NOBODY when no
 * user does. */
struct scope scope_own(const struct op *op);

/* The rows of the tenant that op_tenant_enter() opened; SCOPE_NOBODY before. */
struct scope scope_tenant(const struct op *op);
/* Those of the tenant of an invitation whose token was presented. */
struct scope scope_invited(const struct invitation *invitation);

/* Those of the user of a connection that a caller has, in its tenant. */
struct scope scope_connection(const struct connection *c);

/* One user's in one tenant? */
bool scope_in_tenant(struct scope scope);
/* Whose rows: a user, a tenant, or neither (NULL). */
void scope_owner(struct scope scope, const char **user_r, const char **tenant_r);

/* All rows, for an administrator or the shell; otherwise SCOPE_NOBODY. */
struct scope scope_all(const struct op *op);

/* The rows of this user, in all tenants, for those who may act on all rows; otherwise SCOPE_NOBODY. */
struct scope scope_of(const struct op *op, const char *user_id);

#endif
