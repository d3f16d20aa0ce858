/* op/scope.c - the actor decides whose rows may be read and changed. */
#include "config.h"

#include "op/mutant.h"
#include "op/scope.h"

static struct scope one_user(const char *id)
{
	return (struct scope){ .kind = id ? SCOPE_USER : SCOPE_NOBODY, .id = id };
}

struct scope scope_own(const struct op *op)
{
	const char *mutant = mutant_value("scope");

	struct scope scope = one_user(mutant ? mutant : op->actor.user_id);

	scope.tenant_id = op->actor.tenant_id;
	scope.all_tenants = mutant != NULL;
	return scope;
}

struct scope scope_tenant(const struct op *op)
{
	const char *mutant = mutant_value("tenant"), *id = mutant ? mutant : op->actor.entered;

	return (struct scope){ .kind = id ? SCOPE_TENANT : SCOPE_NOBODY, .id = id };
}

struct scope scope_invited(const struct invitation *invitation)
{
	return (struct scope){ .kind = SCOPE_TENANT, .id = invitation->tenant_id };
}

struct scope scope_connection(const struct connection *c)
{
	return (struct scope){ .kind = SCOPE_USER, .id = c->user_id, .tenant_id = c->tenant_id };
}

bool scope_in_tenant(struct scope scope)
{
	return scope.kind == SCOPE_USER && scope.id && scope.tenant_id;
}

void scope_owner(struct scope scope, const char **user_r, const char **tenant_r)
{
	*user_r = scope.kind == SCOPE_USER ? scope.id : NULL;
	*tenant_r = scope.kind == SCOPE_TENANT ? scope.id : NULL;
}

struct scope scope_all(const struct op *op)
{
	return (struct scope){ .kind = op->actor.role >= ROLE_ADMIN ? SCOPE_ALL : SCOPE_NOBODY };
}

struct scope scope_of(const struct op *op, const char *user_id)
{
	struct scope scope = one_user(op->actor.role >= ROLE_ADMIN ? user_id : NULL);

	scope.all_tenants = true;
	return scope;
}
