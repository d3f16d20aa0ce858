/*
 * op/provision.h - what administrators do with anybody's keys: make one, and
 * set its limit; only with SCOPE_ALL. A limit may be above that of the tier;
 * the owner's own ceiling stays above all his keys (op/limit.h). From such a key
 * its owner may take away, not add to it (op/key_grant.h).
 */
#ifndef PIERRE_OP_PROVISION_H
#define PIERRE_OP_PROVISION_H

#include "op/key.h"

struct provision_in {
	const char *user_email;        /* ERR_NOT_FOUND when nobody has it */
	const char *tier;              /* any, also above the user's */
	const char *description;
	int64_t expires_in_days;       /* INT_NONE = the tier's default */
	int64_t rate_limit_requests;   /* INT_NONE = the tier's */
	const char *rate_limit_period; /* NULL = month; alone: ERR_REQUIRED */
};
bool op_provision_key(struct op *op, struct scope scope, const struct provision_in *in,
		      struct api_key *out, const char **full_r, struct err *err_r);

struct key_limit_in {
	const char *api_key_id;
	int64_t rate_limit_requests;   /* INT_NONE = the tier's again */
	const char *rate_limit_period;
};
/* Counts from the next request on; what was used in the window stays used.
 * ERR_NOT_FOUND: no such key in scope, or it was revoked. */
bool op_provision_limit(struct op *op, struct scope scope, const struct key_limit_in *in,
			struct api_key *out, struct err *err_r);

#endif
