/* model/session.c - fields of a session. */
#include "config.h"

#include "model/session.h"

static const struct field session_fields[] = {
	FIELD(struct session, id, UUID, FIELD_REQUIRED, "Id of the session"),
	FIELD(struct session, user_id, UUID, FIELD_PRIVATE, NULL),
	FIELD(struct session, tenant_id, UUID, FIELD_NULLABLE, "Tenant the session works in"),
	FIELD(struct session, remote_addr, TEXT, FIELD_NULLABLE, "Address it was begun from"),
	FIELD(struct session, user_agent, TEXT, FIELD_NULLABLE, "What the client called itself"),
	FIELD(struct session, created_at, TIME, FIELD_REQUIRED, "The login"),
	FIELD(struct session, refreshed_at, TIME, FIELD_REQUIRED, "The last refresh, or the login"),
	FIELD(struct session, access_expires_at, TIME, FIELD_REQUIRED,
	      "When its present access token ends"),
	FIELD(struct session, expires_at, TIME, FIELD_REQUIRED,
	      "When it can no longer be refreshed"),
	FIELD(struct session, current, BOOL, FIELD_REQUIRED, "True for the session that asks",
	      .column = "is_current"),
	{ 0 },
};
const struct field_schema session_schema = FIELD_SCHEMA("Session", struct session, session_fields);

static const struct field ref_fields[] = {
	FIELD(struct session_ref, id, UUID, 0, NULL),
	FIELD(struct session_ref, access_expires_at, TIME, 0, NULL),
	FIELD(struct session_ref, expires_at, TIME, 0, NULL),
	{ 0 },
};
const struct field_schema session_ref_schema =
	FIELD_SCHEMA("SessionRef", struct session_ref, ref_fields);

static const struct field given_fields[] = {
	FIELD(struct session_given, seed, TEXT, FIELD_PRIVATE, NULL, .column = "pair_seed"),
	FIELD(struct session_given, access_hash, TEXT, FIELD_PRIVATE, NULL),
	FIELD(struct session_given, refresh_hash, TEXT, FIELD_PRIVATE, NULL),
	FIELD(struct session_given, access_expires_at, TIME, FIELD_PRIVATE, NULL),
	{ 0 },
};
const struct field_schema session_given_schema =
	FIELD_SCHEMA("SessionGiven", struct session_given, given_fields);
