/*
 * model/audit.h - what the audit trail tells: kinds of events, and an event.
 */
#ifndef PIERRE_MODEL_AUDIT_H
#define PIERRE_MODEL_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

/* What can happen; audit_kinds[] has the row of each. */
enum audit_type {
	AUDIT_ADMIN_SETUP,
	AUDIT_SETUP_TOKEN_ISSUED,
	AUDIT_USER_REGISTERED,
	AUDIT_USER_APPROVED,
	AUDIT_USER_SUSPENDED,
	AUDIT_PASSWORD_CHANGED,
	AUDIT_TENANT_CREATED,
	AUDIT_USER_LOGIN,
	AUDIT_USER_LOGOUT,
	AUDIT_AUTHENTICATION_FAILED,
	AUDIT_TOKEN_REFRESHED,
	AUDIT_TOKEN_REUSED,
	AUDIT_SESSION_ENDED,
	AUDIT_API_KEY_CREATED,
	AUDIT_API_KEY_CHANGED,
	AUDIT_API_KEY_REVOKED,
	AUDIT_INSTANCE_CREATED,
	AUDIT_KEY_CHECK_STORED,
	AUDIT_SYSTEM_MAINTENANCE,
	AUDIT_CLOCK_CONFIRMED,
	AUDIT__COUNT
};

struct audit_kind {
	const char *name;       /* audit_events.event_type; names of the original where they fit */
	const char *severity;   /* Info | Warning | Error | Critical */
	const char *result;     /* success | failure */
	bool ends_right;        /* tried also on a full disk */
	const char *sentence;   /* audit_events.message */
};
extern const struct audit_kind audit_kinds[AUDIT__COUNT];

struct audit_event {
	const char *id;            /* uuid, fresh for every change */
	const char *event_type, *severity, *message, *source, *result;
	const char *tenant_id;     /* NULL = none */
	const char *user_id;       /* who did it; NULL = nobody or the shell */
	const char *target;        /* an id or the key of an e-mail address; NULL = nothing */
	const char *ip_address;    /* an IP address or NULL */
	const char *user_agent, *request_id;
	const char *metadata;      /* JSON object; NULL = {} */
	int64_t timestamp;
	bool ends_right;           /* of its kind */
};

#endif
