/*
 * model/key.h - an API key, and the bodies that make and change one.
 */
#ifndef PIERRE_MODEL_KEY_H
#define PIERRE_MODEL_KEY_H

#include "base/field.h"
#include "model/page.h"

#define KEY_DAYS_MAX 3650
#define KEY_METADATA_MAX 32768            /* bytes of canonical JSON */
#define KEY_OVERLAP_MAX 2592000           /* seconds that a replaced key works on */
#define KEY_LIMIT_MAX INT64_C(1000000000)   /* requests in one window */

struct api_key {
	const char *id, *user_id, *name, *description;
	const char *tenant_id;         /* where it works; NULL = its owner's personal one */
	const char *limit_id;          /* the key whose quota it draws on; NULL = its own */
	const char *rotated_from;      /* the key that it replaces; NULL = none */
	const char *key_prefix;        /* public id, 16 characters (R17) */
	const char *key_hash;          /* FIELD_PRIVATE */
	const char *tier;              /* trial | starter | professional | enterprise */
	struct strings scopes;
	const char *metadata;          /* JSON object; NULL only in bodies */
	struct strings allowed_cidrs;  /* networks that it may be used from; none = from all */
	int64_t rate_limit_requests;   /* INT_NONE = the tier's (or unlimited) */
	const char *rate_limit_period; /* of it: hour | day | week | month; NULL = month */
	const char *limit_mode;        /* enforce | observe; NULL = enforce */
	const char *revoked_reason;    /* NULL = none was said */
	const char *granted_by;        /* who made it: GRANTED_BY_OWNER, or else the other */
	bool is_active;
	bool opens_rest;               /* its scopes open routes of Pierre's own too */
	int64_t expires_at, revoked_at, last_used_at, created_at, updated_at;
	/* of bodies alone */
	int64_t expires_in_days;       /* INT_NONE = the tier's */
	const char *user_email;        /* whose key an administrator makes */
};
extern const struct field_schema api_key_schema;   /* "ApiKey" (the original's key_info) */

/* Views: the bodies by which an owner makes and changes a key, and by which an
 * administrator makes one, sets its limit and revokes it; what the shell says of a new
 * key. */
#define KEY_PROVISION FIELD_OWN_VIEW(0)
#define KEY_LIMIT FIELD_OWN_VIEW(1)
#define KEY_SHELL FIELD_OWN_VIEW(2)
#define KEY_REVOKE FIELD_OWN_VIEW(3)
#define KEY_IMPORT FIELD_OWN_VIEW(4)   /* a line of what is imported */
extern const struct field_schema api_key_create_schema, api_key_patch_schema,
	api_key_provision_schema, api_key_limit_schema, api_key_shell_schema,
	api_key_revoke_schema, api_key_import_schema;

/* How a key is replaced by another one. */
struct key_rotate_in {
	int64_t overlap_seconds;       /* the old one works on so long; INT_NONE = a day */
};
extern const struct field_schema key_rotate_schema;

/* Which keys a list has; what is NULL excludes none. */
struct key_query {
	struct page_in page;
	const char *state;             /* active | expired | revoked | all; NULL = all */
	const char *tier;
	const char *q;                 /* in the name, description or public id; A-Z is a-z */
	/* of a list of all users' keys */
	const char *user_email;        /* or the user's id */
	const char *tenant_id;
	const char *active_only;       /* where state is NULL: "false" = all, else active */
};
extern const struct field_schema key_query_schema;    /* query string of a user's list */
extern const struct field_schema key_search_schema;   /* and of that of all users */
extern const struct field_schema key_filters_schema;  /* "KeyFilters": the latter, without its page */
extern const char *const key_state_words[];

struct rate_limit {
	int64_t requests;              /* in one window; INT_NONE = unlimited */
	const char *period;
};
extern const struct field_schema rate_limit_schema;   /* "RateLimit" */

/* A row of a list of all users' keys. */
struct key_found {
	struct api_key key;
	const char *user_email;
	const struct rate_limit *rate_limit;   /* its own, or that of its tier */
	int64_t usage_count;           /* in this calendar month (UTC); INT_NONE = not known */
};
extern const struct field_schema key_found_schema;    /* "KeyFound" */

/* Keys that are imported together: all of them are written or none, but for those that
 * are there already, which stay as they are. */
struct key_batch {
	const struct api_key *keys;
	size_t n;
	bool trial;                    /* nothing is kept, and what would be is told */
	struct key_present {           /* n of them; false: it was imported */
		bool there;
		bool anothers;         /* of another user */
		bool ended;            /* revoked or expired */
	} *present_r;
};

#define GRANTED_BY_OWNER "owner"
#define GRANTED_BY_ADMIN "admin"       /* or the shell, or not known */

#endif
