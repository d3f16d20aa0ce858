/*
 * store/key.h - API keys: rows and typed calls.
 */
#ifndef PIERRE_STORE_KEY_H
#define PIERRE_STORE_KEY_H

#include "base/field.h"

struct api_key {
	const char *id, *user_id, *name, *description;
	const char *key_prefix;        /* public id, 16 characters (R17) */
	const char *key_hash;          /* FIELD_PRIVATE */
	const char *tier;              /* trial | starter | professional | enterprise */
	const char *scopes;            /* JSON array of strings */
	int64_t rate_limit_requests;   /* per month; INT_NONE = the tier's (or unlimited) */
	bool is_active;
	int64_t expires_at, revoked_at, last_used_at, created_at, updated_at;
};
extern const struct field_schema api_key_schema;   /* "ApiKey" (the original's key_info) */

#endif
