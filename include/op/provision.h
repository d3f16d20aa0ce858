/*
 * op/provision.h - what administrators do with the keys of all users: make one, and set
 * its limit; only with SCOPE_ALL. A limit may be above that of the tier; the owner's own
 * limit stays above all the owner's keys (op/limit.h). The owner of such a key may take
 * away from it, not add to it (op/key_grant.h).
 */
#ifndef PIERRE_OP_PROVISION_H
#define PIERRE_OP_PROVISION_H

#include "op/key.h"

/* in: by api_key_provision_schema; a window without a limit: ERR_REQUIRED. The user
 * of user_email is not there: ERR_NOT_FOUND. */
bool op_key_provision(struct op *op, struct scope scope, const struct api_key *in,
		      struct api_key *out, const char **full_r, struct err *err_r);

/* in: by api_key_limit_schema, with rate_limit_requests INT_NONE = the tier's again.
 * Counts from the next request on; what was used in the window stays used.
 * ERR_NOT_FOUND: no such key in scope, or it was revoked. */
bool op_key_limit_set(struct op *op, struct scope scope, const struct api_key *in,
		      struct api_key *out, struct err *err_r);

#endif
