/* model/audit.c - the table of kinds of events. */
#include "config.h"

#include "model/audit.h"

#define INFO "Info"
#define WARNING "Warning"
#define SUCCESS "success"
#define FAILURE "failure"
#define ENDS_RIGHT true
#define ORDINARY false

const struct audit_kind audit_kinds[AUDIT__COUNT] = {
	[AUDIT_ADMIN_SETUP] = { "AdminSetup", WARNING, SUCCESS, ORDINARY,
		"The first admin was set up" },
	[AUDIT_SETUP_TOKEN_ISSUED] = { "SetupTokenIssued", WARNING, SUCCESS, ORDINARY,
		"A one-time token for the first admin was issued" },
	[AUDIT_USER_REGISTERED] = { "UserRegistered", INFO, SUCCESS, ORDINARY,
		"An account was registered" },
	[AUDIT_USER_APPROVED] = { "UserApproved", INFO, SUCCESS, ORDINARY,
		"An account was approved" },
	[AUDIT_USER_SUSPENDED] = { "UserSuspended", WARNING, SUCCESS, ENDS_RIGHT,
		"An account was suspended" },
	[AUDIT_PASSWORD_CHANGED] = { "PasswordChanged", INFO, SUCCESS, ORDINARY,
		"A password was changed" },
	[AUDIT_TENANT_CREATED] = { "TenantCreated", INFO, SUCCESS, ORDINARY,
		"A tenant was made" },
	[AUDIT_USER_LOGIN] = { "UserLogin", INFO, SUCCESS, ORDINARY, "A user logged in" },
	[AUDIT_USER_LOGOUT] = { "UserLogout", INFO, SUCCESS, ENDS_RIGHT, "A user logged out" },
	[AUDIT_AUTHENTICATION_FAILED] = { "AuthenticationFailed", WARNING, FAILURE, ORDINARY,
		"A login failed" },
	[AUDIT_TOKEN_REFRESHED] = { "TokenRefreshed", INFO, SUCCESS, ORDINARY,
		"The tokens of a session were renewed" },
	[AUDIT_TOKEN_REUSED] = { "SecurityPolicyViolation", WARNING, FAILURE, ENDS_RIGHT,
		"A spent refresh token was presented; its session was ended" },
	[AUDIT_SESSION_ENDED] = { "SessionEnded", INFO, SUCCESS, ENDS_RIGHT, "A session was ended" },
	[AUDIT_API_KEY_CREATED] = { "ApiKeyCreated", INFO, SUCCESS, ORDINARY,
		"An API key was made" },
	[AUDIT_API_KEY_CHANGED] = { "ApiKeyChanged", INFO, SUCCESS, ORDINARY,
		"An API key was changed" },
	[AUDIT_API_KEY_REVOKED] = { "ApiKeyRevoked", INFO, SUCCESS, ENDS_RIGHT,
		"An API key was revoked" },
	[AUDIT_INSTANCE_CREATED] = { "InstanceCreated", INFO, SUCCESS, ORDINARY,
		"The database was given its identity" },
	[AUDIT_KEY_CHECK_STORED] = { "ConfigurationChanged", INFO, SUCCESS, ORDINARY,
		"The encryption key was tied to the database" },
	[AUDIT_SYSTEM_MAINTENANCE] = { "SystemMaintenance", INFO, SUCCESS, ORDINARY,
		"Rows that had served their time were dropped" },
	[AUDIT_CLOCK_CONFIRMED] = { "ClockConfirmed", WARNING, SUCCESS, ORDINARY,
		"The clock was confirmed to be right" },
};
