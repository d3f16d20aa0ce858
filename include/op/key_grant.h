/*
 * op/key_grant.h - what a key may be granted: one rule for every operation that makes
 * or updates a key. For src/op only. Pure functions; their callers call them inside the
 * transaction, over rows that are locked.
 *
 * An administrator grants any tier and any limit. An owner grants a key at most the
 * owner's own tier as it is now, at most that tier's limit, and an end that the tier
 * can have. From a key that exists the owner may always take away: an earlier end, fewer
 * scopes, narrower networks. The owner may add only to a key of the owner's own grant
 * that has not expired: any scope or network, and a later end if a new key could have it
 * and no other key has replaced it.
 *
 * What the key has now is the ceiling, not what it once had: an owner who made
 * the end of an administrator's key earlier cannot go back.
 */
#ifndef PIERRE_OP_KEY_GRANT_H
#define PIERRE_OP_KEY_GRANT_H

#include "op/key.h"
#include "store/key.h"

struct key_grant {
	const struct api_key *was;      /* as locked; NULL = it is being made */
	const struct api_key *want;     /* the whole key as it would be */
	const struct key_owner *owner;  /* as locked */
	bool by_admin;                  /* only of making */
	int64_t now;
};
/* ERR_FORBIDDEN or ERR_RANGE naming the field. */
bool key_grant_check(const struct key_grant *g, struct err *err_r);

/* The owner of a key that is made, changed or replaced must have TENANT_WRITE_DATA in its
 * tenant, by the role that he has there now; when an administrator does it, TENANT_READ:
 * without a place the owner could not use the key. ERR_FORBIDDEN reason role. */
bool key_place_check(const struct key_owner *owner, bool by_admin, struct err *err_r);

/* The bound of rate_limit_requests alone, INT_NONE = the tier's own. `tier` is
 * that of the key, NULL = an administrator sets it. ERR_RANGE. */
bool key_grant_limit(int64_t requests, const struct tier *tier, struct err *err_r);

#endif
