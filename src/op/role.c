/* op/role.c - the actor's role against that of the user he acts on. */
#include "config.h"

#include "op/role.h"

bool role_check(const struct op *op, const struct user *user, struct err *err_r)
{
	enum role role = user_role(user);

	if (role == ROLE_NONE)   /* a later program may know more of them */
		return err_reason(err_r, ERR_FORBIDDEN, "role", "This program does not know the "
				  "role of the account: use the newest one that serves the database");
	return op->actor.role >= role ||
	       err_reason(err_r, ERR_FORBIDDEN, "role", "The account is one of a %s: this needs "
			  "that role", role_words[role - ROLE_USER]);
}
