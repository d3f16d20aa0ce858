/*
 * model/key.h - an API key.
 */
#ifndef PIERRE_MODEL_KEY_H
#define PIERRE_MODEL_KEY_H

#include "base/field.h"

struct api_key {
	const char *id, *user_id, *name, *description;
	const char *key_prefix;        /* public id, 16 characters (R17) */
	const char *key_hash;          /* FIELD_PRIVATE */
	const char *tier;              /* trial | starter | professional | enterprise */
	struct strings scopes;
	int64_t rate_limit_requests;   /* INT_NONE = the tier's (or unlimited) */
	const char *rate_limit_period; /* of it: hour | day | month; NULL = month */
	const char *granted_by;        /* who made it: GRANTED_BY_OWNER, or else the other */
	bool is_active;
	int64_t expires_at, revoked_at, last_used_at, created_at, updated_at;
};
extern const struct field_schema api_key_schema;   /* "ApiKey" (the original's key_info) */

#define GRANTED_BY_OWNER "owner"
#define GRANTED_BY_ADMIN "admin"       /* or the shell, or not known */

#endif
