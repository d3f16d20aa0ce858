/* model/connection.c - fields of a connection to a provider. */
#include "config.h"

#include "model/check.h"
#include "model/connection.h"

#define SCOPE_MAX 2000

static const char *const state_words[] = {
	CONNECTION_OK, CONNECTION_REFRESHING, CONNECTION_UNCERTAIN, CONNECTION_DEGRADED,
	CONNECTION_REAUTH, CONNECTION_RETIRED, CONNECTION_UNIDENTIFIED, NULL,
};

static const struct field connection_fields[] = {
	FIELD(struct connection, id, UUID, 0, "Id of the connection; it stays when tokens are replaced"),
	FIELD(struct connection, provider, TEXT, FIELD_AUDIT, "The provider"),
	FIELD(struct connection, user_id, UUID, 0, "Whose tokens they are"),
	FIELD(struct connection, tenant_id, UUID, 0, "The tenant that they were given in"),
	FIELD(struct connection, app_id, UUID, FIELD_NULLABLE,
	      "The application that they were given to; null: none that Pierre knows, so they cannot be "
	      "refreshed"),
	FIELD(struct connection, provider_user_id, TEXT, FIELD_NULLABLE,
	      "The user's id at the provider; null: not known"),
	FIELD(struct connection, state, TEXT, FIELD_AUDIT,
	      "ok; refreshing; uncertain: the refresh token may be spent, and is tried once more at the "
	      "end of the access token; degraded: the provider or the application fails; "
	      "reauth_required: connect again; retired: the provider has ended; unidentified: not "
	      "usable until the provider has said whose tokens they are",
	      .values = state_words),
	FIELD(struct connection, reason, TEXT, FIELD_NULLABLE | FIELD_AUDIT,
	      "A word that says why. sent: the provider has the refresh token and has not answered yet; no_answer: it "
	      "did not; not_reached, no_budget, no_space, no_spool: it was not asked; provider_refuses: it refuses many "
	      "users; expired: nothing renews these tokens; provider_ended; no_identity: it did not say whose they are; "
	      "not_json, no_access_token, token_unusable: its answer; failed_here: this service could not; http_STATUS, or its own word for an error"),
	FIELD(struct connection, state_since, TIME, 0, "Since when it has this state"),
	FIELD(struct connection, token_type, TEXT, 0, "How the access token is sent"),
	FIELD(struct connection, expires_at, TIME, FIELD_NULLABLE,
	      "End of the access token; null: not known"),
	FIELD(struct connection, has_refresh_token, BOOL, 0,
	      "Whether there is a refresh token, which is never shown", .column = ""),
	FIELD(struct connection, scopes_granted, STRINGS, 0,
	      "Scopes that were granted; when the provider did not say, those that were asked for"),
	FIELD(struct connection, scopes_asked, STRINGS, 0, "Scopes that were asked for"),
	FIELD(struct connection, scopes_missing, STRINGS, 0,
	      "Those of them that the user did not grant", .column = ""),
	FIELD(struct connection, last_used_at, TIME, FIELD_NULLABLE, "When they were last given out, to the hour"),
	FIELD(struct connection, refreshed_at, TIME, 0, "When the provider last gave new ones"),
	FIELD(struct connection, connected_at, TIME, 0, "When you last connected, or brought tokens"),
	FIELD(struct connection, created_at, TIME, 0, "When they were first stored"),
	FIELD(struct connection, updated_at, TIME, 0, "When the row last changed"),
	FIELD(struct connection, refresh_gen, INT, FIELD_PRIVATE, NULL),
	FIELD(struct connection, tokens_gen, INT, FIELD_PRIVATE, NULL),
	FIELD(struct connection, connect_gen, INT, FIELD_PRIVATE, NULL),
	FIELD(struct connection, phase, TEXT, FIELD_PRIVATE, NULL),
	FIELD(struct connection, lease_until, TIME, FIELD_PRIVATE, NULL),
	FIELD(struct connection, sealed_access, TEXT, FIELD_PRIVATE | FIELD_SECRET, NULL),
	FIELD(struct connection, sealed_refresh, TEXT, FIELD_PRIVATE | FIELD_SECRET, NULL),
	FIELD(struct connection, key_id, INT, FIELD_PRIVATE, NULL),
	FIELD(struct connection, refresh_wanted, BOOL, FIELD_PRIVATE, NULL),
	FIELD(struct connection, retry_at, TIME, FIELD_PRIVATE, NULL),
	FIELD(struct connection, attempts, INT, FIELD_PRIVATE, NULL),
	FIELD(struct connection, refusals, INT, FIELD_PRIVATE, NULL),
	FIELD(struct connection, first_refused_at, TIME, FIELD_PRIVATE, NULL),
	FIELD(struct connection, ended_at, TIME, FIELD_PRIVATE, NULL),
	{ 0 },
};
const struct field_schema connection_schema =
	FIELD_SCHEMA("Connection", struct connection, connection_fields);

static const struct field tokens_in_fields[] = {
	FIELD(struct tokens_in, access_token, TEXT, FIELD_REQUIRED | FIELD_SECRET,
	      "The access token, without control characters", .max = PROVIDER_TOKEN_MAX, .check = line_check),
	FIELD(struct tokens_in, refresh_token, TEXT, FIELD_NULLABLE | FIELD_SECRET,
	      "The refresh token, likewise; left out, the one from before stays", .max = PROVIDER_TOKEN_MAX,
	      .check = line_check),
	FIELD(struct tokens_in, token_type, TEXT, FIELD_NULLABLE,
	      "How the access token is sent; left out: Bearer", .min = 1, .max = 40,
	      .check = visible_check),
	FIELD(struct tokens_in, expires_at, TIME, FIELD_NULLABLE,
	      "End of the access token; left out: not known"),
	FIELD(struct tokens_in, scope, TEXT, FIELD_NULLABLE,
	      "Scopes that were granted, blanks or commas between", .max = SCOPE_MAX, .check = line_check),
	{ 0 },
};
const struct field_schema tokens_in_schema =
	FIELD_SCHEMA("ProviderTokensPut", struct tokens_in, tokens_in_fields);

static const struct field claim_fields[] = {
	FIELD(struct connection_claim, refresh_gen, INT, 0, NULL),
	FIELD(struct connection_claim, connect_gen, INT, 0, NULL),
	{ 0 },
};
const struct field_schema connection_claim_schema =
	FIELD_SCHEMA("ConnectionClaim", struct connection_claim, claim_fields);
