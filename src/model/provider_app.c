/* model/provider_app.c - fields of an application at a provider. */
#include "config.h"

#include "model/check.h"
#include "model/provider_app.h"

#define CLIENT_MAX 512
#define URI_MAX 2000
#define SCOPES_MAX 50

static const char *const owner_words[] = { APP_USER, APP_TENANT, APP_SERVER, NULL };
static const char *const state_words[] = { APP_OK, APP_BROKEN, NULL };

static const struct field app_fields[] = {
	FIELD(struct provider_app, id, UUID, 0, "Id of the application here"),
	FIELD(struct provider_app, provider, TEXT, FIELD_AUDIT, "The provider"),
	FIELD(struct provider_app, owner, TEXT, FIELD_AUDIT, "Who brought it", .values = owner_words),
	FIELD(struct provider_app, user_id, UUID, FIELD_PRIVATE, NULL),
	FIELD(struct provider_app, tenant_id, UUID, FIELD_PRIVATE, NULL),
	FIELD(struct provider_app, client_id, TEXT,
	      FIELD_MUST(FIELD_CREATE) | PROVIDER_APP_SHELL | FIELD_AUDIT,
	      "Its id at the provider", .min = 1, .max = CLIENT_MAX, .check = visible_check),
	FIELD(struct provider_app, client_secret, TEXT, FIELD_INPUT | FIELD_SECRET | FIELD_MUST(FIELD_CREATE),
	      "Its secret at the provider, which is kept sealed and never shown", .min = 1,
	      .max = CLIENT_MAX, .check = visible_check),
	FIELD(struct provider_app, sealed_secret, TEXT, FIELD_PRIVATE | FIELD_SECRET, NULL),
	FIELD(struct provider_app, key_id, INT, FIELD_PRIVATE, NULL),
	FIELD(struct provider_app, redirect_uri, TEXT,
	      FIELD_NULLABLE | FIELD_CREATE | PROVIDER_APP_SHELL,
	      "The callback that is registered at the provider: PUBLIC_URL, then "
	      "/api/oauth/callback/ and the provider, as when it is left out; that of the server's own "
	      "application may name another host of this service",
	      .min = 1, .max = URI_MAX, .check = visible_check),
	FIELD(struct provider_app, scopes, STRINGS, FIELD_CREATE | PROVIDER_APP_SHELL,
	      "Scopes that are asked for; left out or none: the usual ones of the provider",
	      .max = SCOPES_MAX, .check = visible_check),
	FIELD(struct provider_app, state, TEXT, 0,
	      "ok; or broken: the provider does not accept it, so nothing is refreshed by it",
	      .values = state_words),
	FIELD(struct provider_app, reason, TEXT, FIELD_NULLABLE, "Why it is broken"),
	FIELD(struct provider_app, state_since, TIME, 0, "Since when"),
	FIELD(struct provider_app, last_success_at, TIME, FIELD_PRIVATE, NULL),
	FIELD(struct provider_app, window_at, TIME, FIELD_PRIVATE, NULL),
	FIELD(struct provider_app, window_answers, INT, FIELD_PRIVATE, NULL),
	FIELD(struct provider_app, window_refusals, INT, FIELD_PRIVATE, NULL),
	FIELD(struct provider_app, degraded_until, TIME, FIELD_PRIVATE, NULL),
	FIELD(struct provider_app, created_at, TIME, 0, "When it was set first"),
	FIELD(struct provider_app, updated_at, TIME, 0, "When it was last set"),
	{ 0 },
};
const struct field_schema provider_app_schema =
	FIELD_SCHEMA("ProviderApp", struct provider_app, app_fields);
const struct field_schema provider_app_put_schema =
	FIELD_VIEW("ProviderAppPut", struct provider_app, app_fields, FIELD_CREATE);
const struct field_schema provider_app_shell_schema =
	FIELD_VIEW("ProviderAppShell", struct provider_app, app_fields, PROVIDER_APP_SHELL);
