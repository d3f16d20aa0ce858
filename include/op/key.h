/*
 * op/key.h - API keys: make, list, change, revoke, verify.
 */
#ifndef PIERRE_OP_KEY_H
#define PIERRE_OP_KEY_H

#include "model/key.h"
#include "model/user.h"
#include "op/op.h"
#include "op/scope.h"

/* A tier is a row: R28. */
struct tier {
	const char *name;
	int rank;                      /* nobody gives himself one above his own */
	int64_t monthly_limit;         /* INT_NONE = unlimited */
	int64_t default_days;          /* INT_NONE = does not expire */
	bool for_users;                /* a user can have it (not trial) */
	const char *sentence;
};
extern const struct tier tiers[];  /* ends with name NULL */
const struct tier *tier_find(const char *name);

struct key_create_in {
	const char *name;              /* key_check.h has the bounds */
	const char *description;       /* or NULL */
	const char *tier;              /* NULL = the user's; above his own: ERR_FORBIDDEN field tier */
	int64_t rate_limit_requests;   /* INT_NONE = the tier's; above it: ERR_RANGE */
	int64_t expires_in_days;       /* 1.., INT_NONE = the tier's default */
	struct strings scopes;         /* none = [] */
};
/* For the user of the scope. What may be granted: op/key_grant.h. granted_by is
 * "owner" when the actor is the user himself, "admin" for the shell and
 * op_provision_key(). *full_r: the key text, shown once, in the arena.
 * ERR_CONFLICT when the user has MAX_KEYS_PER_USER live ones. A taken public id
 * is drawn again. */
bool op_key_create(struct op *op, struct scope scope, const struct key_create_in *in,
		   struct api_key *out, const char **full_r, struct err *err_r);

struct key_list_in {
	int64_t limit;                 /* 1..200, INT_NONE = 50 */
	const char *cursor;
};
struct key_list_out {
	struct field_list api_keys;    /* created_at DESC, id DESC; also revoked ones */
	const char *next_cursor;
};
bool op_key_list(struct op *op, struct scope scope, const struct key_list_in *in,
		 struct key_list_out *out, struct err *err_r);
/* An id out of scope is ERR_NOT_FOUND, here and below. */
bool op_key_get(struct op *op, struct scope scope, const char *id, struct api_key *out,
		struct err *err_r);

enum key_given { KEY_NAME = 1, KEY_DESCRIPTION = 2, KEY_SCOPES = 4, KEY_EXPIRES = 8 };
struct key_patch_in {
	const char *name, *description;
	struct strings scopes;
	int64_t expires_at;            /* TIME_NONE (null) = never; a past moment: ERR_INVALID */
	uint32_t given;                /* bit i = field i of the body's table */
};
/* By the owner, so more than he may grant (op/key_grant.h) is ERR_FORBIDDEN. No
 * call moves the end of a key that an administrator made further away: he makes
 * another. */
bool op_key_patch(struct op *op, struct scope scope, const char *id,
		  const struct key_patch_in *in, struct api_key *out, struct err *err_r);
/* Again = the first moment again. */
bool op_key_revoke(struct op *op, struct scope scope, const char *id,
		   struct api_key *out, struct err *err_r);

/* Key text -> key and its owner. Reads only. Unknown or wrong secret:
 * ERR_AUTH_INVALID reason unknown; after the secret matched: reason revoked,
 * ERR_AUTH_EXPIRED reason expired, ERR_FORBIDDEN reason suspended|pending. */
bool op_key_verify(struct op *op, const char *key, struct api_key *out,
		   struct user *user_r, struct err *err_r);

#endif
