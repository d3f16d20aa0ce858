/*
 * model/admin_token.h - a credential of a program that administers, and the API keys that
 * administrators made for users.
 */
#ifndef PIERRE_MODEL_ADMIN_TOKEN_H
#define PIERRE_MODEL_ADMIN_TOKEN_H

#include "base/field.h"
#include "model/page.h"

struct admin_token {
	const char *id, *service_name, *service_description;
	const char *token_hash, *token_prefix;
	struct strings permissions;        /* model/permission.h */
	bool is_super_admin;               /* all of them; never to make tokens */
	bool is_active;                    /* neither revoked nor expired */
	const char *created_by, *rotated_to;
	int64_t expires_at, revoked_at, last_used_at, created_at, updated_at;
	const char *last_used_ip;
	int64_t usage_count;
	/* of bodies alone */
	int64_t expires_in_days, overlap_seconds;
};
extern const struct field_schema admin_token_schema;   /* "AdminToken" */

/* Views: the body of a creation (FIELD_CREATE), and of a rotation. */
#define ADMIN_TOKEN_ROTATE FIELD_OWN_VIEW(0)
extern const struct field_schema admin_token_create_schema, admin_token_rotate_schema;

struct admin_token_query {
	struct page_in page;
	bool include_inactive;
	const char *prefix;                /* NULL = any */
};
extern const struct field_schema admin_token_query_schema;

/* A key that an administrator made; its state is that of the key. */
struct provisioned_key {
	const char *id, *token_id, *admin_user_id, *api_key_id, *user_email, *requested_tier;
	const char *provisioned_by_service, *rate_limit_period, *key_status, *revoked_reason;
	int64_t rate_limit_requests, created_at, revoked_at;
};
extern const struct field_schema provisioned_key_row_schema;   /* "ProvisionedKeyRow" */

/* Those of one token (NULL = all) since `from` and before `to`. */
struct provisioned_query {
	struct page_in page;
	const char *token_id;
	int64_t from, to;
};
extern const struct field_schema provisioned_query_schema;

#endif
