/*
 * model/audit_kinds.h - what can happen, once. A row is KIND(name of the type,
 * audit_events.event_type (names of the original where they fit), severity, result,
 * whether it is tried also on a full disk, audit_events.message). Included where KIND
 * is defined; a resource with rows in a file of its own is one #include here.
 */
KIND(ADMIN_SETUP, "AdminSetup", WARNING, SUCCESS, ORDINARY,
     "The first admin was set up")
KIND(SETUP_TOKEN_ISSUED, "SetupTokenIssued", WARNING, SUCCESS, ORDINARY,
     "A one-time token for the first admin was issued")
KIND(USER_REGISTERED, "UserRegistered", INFO, SUCCESS, ORDINARY,
     "An account was registered")
KIND(USER_APPROVED, "UserApproved", INFO, SUCCESS, ORDINARY,
     "An account was approved")
KIND(USER_SUSPENDED, "UserSuspended", WARNING, SUCCESS, ENDS_RIGHT,
     "An account was suspended")
KIND(USER_CHANGED, "UserChanged", INFO, SUCCESS, ORDINARY,
     "An account was changed")
KIND(PASSWORD_CHANGED, "PasswordChanged", INFO, SUCCESS, ORDINARY,
     "A password was changed")
KIND(PASSWORD_RESET_ISSUED, "PasswordResetIssued", WARNING, SUCCESS, ORDINARY,
     "A token for a new password was issued")
KIND(PASSWORD_RESET, "PasswordReset", WARNING, SUCCESS, ORDINARY,
     "A password was set with a reset token")
KIND(TENANT_CREATED, "TenantCreated", INFO, SUCCESS, ORDINARY,
     "A tenant was made")
KIND(TENANT_CHANGED, "TenantChanged", INFO, SUCCESS, ORDINARY,
     "A tenant was changed")
KIND(TENANT_SUSPENDED, "TenantSuspended", WARNING, SUCCESS, ENDS_RIGHT,
     "A tenant was suspended; its sessions were ended")
KIND(TENANT_RESUMED, "TenantResumed", WARNING, SUCCESS, ORDINARY,
     "A tenant was resumed")
KIND(TENANT_DELETED, "TenantDeleted", WARNING, SUCCESS, ENDS_RIGHT,
     "A tenant was deleted; its keys were revoked and its sessions ended")
KIND(TENANT_RESTORED, "TenantRestored", WARNING, SUCCESS, ORDINARY,
     "A deleted tenant was restored")
KIND(TENANT_REMOVED, "TenantRemoved", INFO, SUCCESS, ORDINARY,
     "Rows of a tenant that was deleted before were dropped")
KIND(TENANT_SWITCHED, "TenantSwitched", INFO, SUCCESS, ORDINARY,
     "A session was moved to another tenant")
KIND(MEMBER_ADDED, "MemberAdded", INFO, SUCCESS, ORDINARY,
     "A user became a member of a tenant")
KIND(MEMBER_CHANGED, "MemberChanged", INFO, SUCCESS, ORDINARY,
     "A member's role was changed")
KIND(MEMBER_REMOVED, "MemberRemoved", INFO, SUCCESS, ENDS_RIGHT,
     "A member left a tenant; the member's keys there were revoked, the sessions ended")
KIND(INVITATION_CREATED, "InvitationCreated", INFO, SUCCESS, ORDINARY,
     "An e-mail address was invited to a tenant")
KIND(INVITATION_REVOKED, "InvitationRevoked", INFO, SUCCESS, ENDS_RIGHT,
     "An invitation was taken back")
KIND(USER_LOGIN, "UserLogin", INFO, SUCCESS, ORDINARY,
     "A user logged in")
KIND(USER_LOGOUT, "UserLogout", INFO, SUCCESS, ENDS_RIGHT,
     "A user logged out")
KIND(AUTHENTICATION_FAILED, "AuthenticationFailed", WARNING, FAILURE, ORDINARY,
     "A login failed")
KIND(TOKEN_REFRESHED, "TokenRefreshed", INFO, SUCCESS, ORDINARY,
     "The tokens of a session were renewed")
KIND(TOKEN_REUSED, "SecurityPolicyViolation", WARNING, FAILURE, ENDS_RIGHT,
     "A spent refresh token was presented; its session was ended")
KIND(SESSION_ENDED, "SessionEnded", INFO, SUCCESS, ENDS_RIGHT,
     "A session was ended")
KIND(ADMIN_TOKEN_CREATED, "AdminTokenCreated", WARNING, SUCCESS, ORDINARY,
     "An admin token was made")
KIND(ADMIN_TOKEN_ROTATED, "AdminTokenRotated", INFO, SUCCESS, ORDINARY,
     "An admin token was replaced by another one")
KIND(ADMIN_TOKEN_REVOKED, "AdminTokenRevoked", WARNING, SUCCESS, ENDS_RIGHT,
     "An admin token was revoked")
KIND(API_KEY_CREATED, "ApiKeyCreated", INFO, SUCCESS, ORDINARY,
     "An API key was made")
KIND(API_KEY_CHANGED, "ApiKeyChanged", INFO, SUCCESS, ORDINARY,
     "An API key was changed")
KIND(API_KEY_REVOKED, "ApiKeyRevoked", INFO, SUCCESS, ENDS_RIGHT,
     "An API key was revoked")
KIND(API_KEY_ROTATED, "ApiKeyRotated", INFO, SUCCESS, ORDINARY,
     "An API key was replaced by another one")
KIND(API_KEYS_IMPORTED, "ApiKeysImported", INFO, SUCCESS, ORDINARY,
     "API keys of another program were imported by their hashes")
KIND(API_KEYS_EXPIRED, "ApiKeysExpired", INFO, SUCCESS, ORDINARY,
     "API keys whose end was over were made inactive")
KIND(INSTANCE_CREATED, "InstanceCreated", INFO, SUCCESS, ORDINARY,
     "The database was given its identity")
KIND(KEY_CHECK_STORED, "ConfigurationChanged", INFO, SUCCESS, ORDINARY,
     "The master key was tied to the database")
KIND(DATA_KEY_CREATED, "DataKeyCreated", WARNING, SUCCESS, ORDINARY,
     "A data key was made, which seals secrets from here on")
KIND(DATA_KEY_RETIRED, "DataKeyRetired", WARNING, SUCCESS, ORDINARY,
     "A data key that sealed no secret any more was dropped")
KIND(SECRETS_REWRAPPED, "SecretsRewrapped", INFO, SUCCESS, ORDINARY,
     "Secrets were sealed again by the current data key")
KIND(MASTER_KEY_CHANGED, "MasterKeyChanged", WARNING, SUCCESS, ORDINARY,
     "The master key was changed")
KIND(SECRET_SET, "SystemSecretSet", WARNING, SUCCESS, ORDINARY,
     "A secret of the service was set")
KIND(SECRET_REVEALED, "SystemSecretRevealed", WARNING, SUCCESS, ORDINARY,
     "A secret of the service was shown")
KIND(SECRET_DELETED, "SystemSecretDeleted", WARNING, SUCCESS, ENDS_RIGHT,
     "A secret of the service was deleted")
KIND(SYSTEM_MAINTENANCE, "SystemMaintenance", INFO, SUCCESS, ORDINARY,
     "Rows that had served their time were dropped")
KIND(CLOCK_CONFIRMED, "ClockConfirmed", WARNING, SUCCESS, ORDINARY,
     "The clock was confirmed to be right")
#include "model/connection_audit.h"
