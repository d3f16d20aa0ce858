/*
 * op/provider_app.h - applications that are registered at providers. A scope is one user
 * (his own), one tenant, or SCOPE_ALL for the server's. A secret is kept sealed and never
 * comes back.
 */
#ifndef PIERRE_OP_PROVIDER_APP_H
#define PIERRE_OP_PROVIDER_APP_H

#include "model/provider.h"
#include "model/provider_app.h"
#include "op/scope.h"

/* The callback at PUBLIC_URL; NULL when that is not set. */
const char *op_provider_callback(struct op *op, const char *provider);

/* Set it, new or over the one that is there. Only the server's may name another
 * host than that of PUBLIC_URL in redirect_uri. ERR_CONFLICT reason in_use: another client_id
 * while there are connections. */
bool op_provider_app_put(struct op *op, struct scope scope, const struct provider *p,
			 const struct provider_app *in, struct provider_app *out,
			 struct err *err_r);
/* ERR_NOT_FOUND. */
bool op_provider_app_get(struct op *op, struct scope scope, const char *provider,
			 struct provider_app *out, struct err *err_r);
/* Of struct provider_app, by provider. */
bool op_provider_app_list(struct op *op, struct scope scope, struct field_list *out,
			  struct err *err_r);
/* ERR_NOT_FOUND; ERR_CONFLICT reason in_use. */
bool op_provider_app_delete(struct op *op, struct scope scope, const char *provider,
			    struct err *err_r);

/* For those who call the provider. */
bool op_provider_app_secret(struct op *op, const struct provider_app *app,
			    const char **secret_r, struct err *err_r);

#define CALLBACK_PATH "/api/oauth/callback/"

#endif
