/*
 * model/provider_app.h - an application that is registered at a provider: of a user, of
 * a tenant, or of the server.
 */
#ifndef PIERRE_MODEL_PROVIDER_APP_H
#define PIERRE_MODEL_PROVIDER_APP_H

#include "base/field.h"

#define APP_USER "user"
#define APP_TENANT "tenant"
#define APP_SERVER "server"
#define APP_OK "ok"
#define APP_BROKEN "broken"

struct provider_app {
	const char *id;
	const char *owner;             /* one of the words above */
	const char *user_id, *tenant_id;
	const char *provider;
	const char *client_id;
	const char *sealed_secret;     /* FIELD_PRIVATE */
	int64_t key_id;
	const char *redirect_uri;      /* NULL = the callback of this Pierre */
	struct strings scopes;         /* none = those of the provider's row */
	const char *state, *reason;
	int64_t state_since;
	int64_t last_success_at, window_at, window_answers, window_refusals, degraded_until;
	int64_t created_at, updated_at;
	const char *client_secret;     /* of bodies alone */
};
extern const struct field_schema provider_app_schema;   /* "ProviderApp" */
extern const struct field_schema provider_app_put_schema;
/* The same without the secret: options of the shell. */
#define PROVIDER_APP_SHELL FIELD_OWN_VIEW(0)
extern const struct field_schema provider_app_shell_schema;

#endif
