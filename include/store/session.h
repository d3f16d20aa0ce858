/*
 * store/session.h - sessions and login failures: rows and typed calls.
 */
#ifndef PIERRE_STORE_SESSION_H
#define PIERRE_STORE_SESSION_H

#include "base/field.h"

struct session {
	const char *id, *user_id, *tenant_id, *remote_addr, *user_agent;
	int64_t created_at, refreshed_at, access_expires_at, expires_at;
	bool current;          /* the session asking (filled by op_session_list) */
};
extern const struct field_schema session_schema;  /* "Session" */

#endif
