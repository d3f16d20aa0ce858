/*
 * model/connection.h - the tokens of one user at one provider, for one tenant, and what
 * is known of them. Its numbers: sql/schema, provider_connections.
 */
#ifndef PIERRE_MODEL_CONNECTION_H
#define PIERRE_MODEL_CONNECTION_H

#include "base/field.h"

/* States. */
#define CONNECTION_OK "ok"
#define CONNECTION_REFRESHING "refreshing"
#define CONNECTION_UNCERTAIN "uncertain"         /* the refresh token may be spent */
#define CONNECTION_DEGRADED "degraded"           /* it is not the connection's fault */
#define CONNECTION_REAUTH "reauth_required"      /* only a new consent helps */
#define CONNECTION_RETIRED "retired"             /* the provider has ended */
#define CONNECTION_UNIDENTIFIED "unidentified"   /* usable by nobody yet */

/* Characters of a token that its owner brings, bytes of one that a provider gives. */
#define PROVIDER_TOKEN_MAX 8192

/* Reasons of one that has ended (connection.sql writes them). */
#define ENDED_DISCONNECTED "disconnected"        /* its owner is told what came of it */

/* Phases of a call that is about it. */
#define PHASE_IDLE "idle"
#define PHASE_CLAIMED "claimed"                  /* nothing is spent */
#define PHASE_SENT "sent"

struct connection {
	const char *id, *user_id, *tenant_id, *provider;
	const char *app_id;            /* NULL = of no application of ours */
	const char *provider_user_id;  /* NULL = not known */
	int64_t refresh_gen, tokens_gen, connect_gen;
	const char *phase;
	int64_t lease_until;
	const char *state, *reason;
	int64_t state_since;
	const char *sealed_access;     /* FIELD_PRIVATE, as the next two */
	const char *sealed_refresh;    /* NULL = there is none */
	int64_t key_id;
	const char *token_type;
	int64_t expires_at;            /* of the access token; TIME_NONE = not known */
	struct strings scopes_granted; /* = asked, when the provider did not say (RFC 6749 5.1) */
	struct strings scopes_asked;
	int64_t last_used_at, refreshed_at;
	bool refresh_wanted;
	int64_t retry_at, attempts, refusals, first_refused_at;
	int64_t ended_at;
	int64_t connected_at, created_at, updated_at;
	/* shown beside them */
	struct strings scopes_missing; /* asked for, and not granted */
	bool has_refresh_token;
};
extern const struct field_schema connection_schema;   /* "Connection" */

/* Tokens that their owner brings. */
struct tokens_in {
	const char *access_token, *refresh_token, *token_type, *scope;
	int64_t expires_at;
};
extern const struct field_schema tokens_in_schema;    /* "ProviderTokensPut" */

/* What a caller has claimed: the connection is his until lease_until. */
struct connection_claim {
	int64_t refresh_gen;           /* of this claim */
	int64_t connect_gen;
};
extern const struct field_schema connection_claim_schema;

#endif
