/*
 * model/connect.h - an attempt of a user to connect a provider.
 */
#ifndef PIERRE_MODEL_CONNECT_H
#define PIERRE_MODEL_CONNECT_H

#include "base/field.h"

#define CONNECT_MADE "made"                   /* the link waits */
#define CONNECT_STARTED "started"             /* the browser is at the provider */
#define CONNECT_CALLED_BACK "called_back"     /* the code waits for a caller */
#define CONNECT_SENT "sent"                   /* a caller has it */
/* then "saved": a connection has its id */
#define CONNECT_DONE "done"

#define CONNECT_OPEN_MOST 10                  /* of a user that are made or started */

struct connect_state {
	const char *id, *user_id, *tenant_id, *provider, *app_id;
	const char *phase;
	const char *start_hash;        /* SHA-256 (hex), as the next two */
	const char *state_hash, *cookie_hash;
	const char *sealed_verifier, *sealed_code;
	int64_t key_id;                /* INT_NONE: nothing is sealed */
	const char *redirect_uri;
	struct strings scopes_asked;
	struct strings scopes_granted; /* none: the callback named none */
	int64_t expires_at, lease_until;
	const char *outcome, *message;
	int64_t created_at, updated_at;
};
extern const struct field_schema connect_state_schema;   /* "ConnectState" */

/* The account that a start page shows. */
struct connect_account {
	const char *email, *tenant_name;
};
extern const struct field_schema connect_account_schema;

#endif
