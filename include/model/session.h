/*
 * model/session.h - a session, and what judging and renewing its tokens reads of it.
 */
#ifndef PIERRE_MODEL_SESSION_H
#define PIERRE_MODEL_SESSION_H

#include "base/field.h"

struct session {
	const char *id, *user_id, *tenant_id, *remote_addr, *user_agent;
	int64_t created_at, refreshed_at, access_expires_at, expires_at;
	bool current;          /* the session asking (filled by op_session_list) */
};
extern const struct field_schema session_schema;  /* "Session" */

/* What judging a token needs; its owner is read by owner_schema. */
struct session_ref {
	const char *id;
	int64_t access_expires_at, expires_at;
};
extern const struct field_schema session_ref_schema;

/* Its pair of tokens; seed is NULL when the pair cannot be made again. */
struct session_given {
	const char *seed, *access_hash, *refresh_hash;
	int64_t access_expires_at;
};
extern const struct field_schema session_given_schema;

#endif
