/*
 * op/mutant.h - skips one guard or one scope, so that tests/http/mutants_access.t
 * can see whether the access test notices. Only in the program
 * tests/support/pierre_mutant, whose two files are compiled with PIERRE_MUTANTS;
 * in pierre these calls are nothing (tests/lint/mutant.t).
 *
 * The environment variable PIERRE_MUTANT names a file that is read for each
 * request and holds "<kind>:<label of a route> <value>":
 *   guard:key_list            its guard lets everybody pass
 *   guard:verify <api key>    whatever is presented is taken for this key
 *   admin:admin_users         its guard takes any user for an administrator
 *   permission:admin_users    its guard takes any credential to have the permission
 *   scope:key_list <user id>  its scope is that of this user
 */
#ifndef PIERRE_OP_MUTANT_H
#define PIERRE_OP_MUTANT_H

#include <stddef.h>

#ifdef PIERRE_MUTANTS
/* The route of this request. */
void mutant_begin(const char *label);
/* The value, "" when there is none; NULL: this kind is not named for the route. */
const char *mutant_value(const char *kind);
#else
static inline void mutant_begin(const char *label)
{
	(void)label;
}
static inline const char *mutant_value(const char *kind)
{
	(void)kind;
	return NULL;
}
#endif

#endif
