/*
 * model/audit.h - what the audit trail tells: kinds of events, and an event.
 */
#ifndef PIERRE_MODEL_AUDIT_H
#define PIERRE_MODEL_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

/* What can happen, once: KIND(name of the type, audit_events.event_type (names of
 * the original where they fit), severity, result, is it tried also on a full disk,
 * audit_events.message). */
#define AUDIT_KINDS(KIND) \
	KIND(ADMIN_SETUP, "AdminSetup", WARNING, SUCCESS, ORDINARY, \
	     "The first admin was set up") \
	KIND(SETUP_TOKEN_ISSUED, "SetupTokenIssued", WARNING, SUCCESS, ORDINARY, \
	     "A one-time token for the first admin was issued") \
	KIND(USER_REGISTERED, "UserRegistered", INFO, SUCCESS, ORDINARY, \
	     "An account was registered") \
	KIND(USER_APPROVED, "UserApproved", INFO, SUCCESS, ORDINARY, \
	     "An account was approved") \
	KIND(USER_SUSPENDED, "UserSuspended", WARNING, SUCCESS, ENDS_RIGHT, \
	     "An account was suspended") \
	KIND(PASSWORD_CHANGED, "PasswordChanged", INFO, SUCCESS, ORDINARY, \
	     "A password was changed") \
	KIND(TENANT_CREATED, "TenantCreated", INFO, SUCCESS, ORDINARY, \
	     "A tenant was made") \
	KIND(USER_LOGIN, "UserLogin", INFO, SUCCESS, ORDINARY, \
	     "A user logged in") \
	KIND(USER_LOGOUT, "UserLogout", INFO, SUCCESS, ENDS_RIGHT, \
	     "A user logged out") \
	KIND(AUTHENTICATION_FAILED, "AuthenticationFailed", WARNING, FAILURE, ORDINARY, \
	     "A login failed") \
	KIND(TOKEN_REFRESHED, "TokenRefreshed", INFO, SUCCESS, ORDINARY, \
	     "The tokens of a session were renewed") \
	KIND(TOKEN_REUSED, "SecurityPolicyViolation", WARNING, FAILURE, ENDS_RIGHT, \
	     "A spent refresh token was presented; its session was ended") \
	KIND(SESSION_ENDED, "SessionEnded", INFO, SUCCESS, ENDS_RIGHT, \
	     "A session was ended") \
	KIND(API_KEY_CREATED, "ApiKeyCreated", INFO, SUCCESS, ORDINARY, \
	     "An API key was made") \
	KIND(API_KEY_CHANGED, "ApiKeyChanged", INFO, SUCCESS, ORDINARY, \
	     "An API key was changed") \
	KIND(API_KEY_REVOKED, "ApiKeyRevoked", INFO, SUCCESS, ENDS_RIGHT, \
	     "An API key was revoked") \
	KIND(INSTANCE_CREATED, "InstanceCreated", INFO, SUCCESS, ORDINARY, \
	     "The database was given its identity") \
	KIND(KEY_CHECK_STORED, "ConfigurationChanged", INFO, SUCCESS, ORDINARY, \
	     "The encryption key was tied to the database") \
	KIND(SYSTEM_MAINTENANCE, "SystemMaintenance", INFO, SUCCESS, ORDINARY, \
	     "Rows that had served their time were dropped") \
	KIND(CLOCK_CONFIRMED, "ClockConfirmed", WARNING, SUCCESS, ORDINARY, \
	     "The clock was confirmed to be right")

#define AUDIT_TYPE(type, ...) AUDIT_##type,
enum audit_type {
	AUDIT_UNSET,   /* no kind: the database refuses the event */
	AUDIT_KINDS(AUDIT_TYPE)
	AUDIT__COUNT
};

struct audit_kind {
	const char *name;       /* audit_events.event_type */
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
