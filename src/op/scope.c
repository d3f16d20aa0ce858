/* op/scope.c - the actor decides whose rows may be read and changed. */
#include "config.h"

#include "op/mutant.h"
#include "op/scope.h"

static struct scope one_user(const char *id)
{
	return (struct scope){ id ? SCOPE_USER : SCOPE_NOBODY, id };
}

struct scope scope_own(const struct op *op)
{
	const char *mutant = mutant_value("scope");

	return one_user(mutant ? mutant : op->actor.user_id);
}

struct scope scope_all(const struct op *op)
{
	return (struct scope){ .kind = op->actor.is_admin ? SCOPE_ALL : SCOPE_NOBODY };
}

struct scope scope_of(const struct op *op, const char *user_id)
{
	return one_user(op->actor.is_admin ? user_id : NULL);
}
