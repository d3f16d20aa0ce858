/*
 * store/provider_app.h - applications at providers: typed calls. A scope is one user, one
 * tenant, or SCOPE_ALL for the server's own. Not in scope: ERR_NOT_FOUND.
 */
#ifndef PIERRE_STORE_PROVIDER_APP_H
#define PIERRE_STORE_PROVIDER_APP_H

#include "base/arena.h"
#include "model/audit.h"
#include "model/provider_app.h"
#include "model/scope.h"

struct db;

bool store_provider_app_get(struct db *db, struct scope scope, const char *provider,
			    struct arena *arena, struct provider_app *out, struct err *err_r);
/* By provider. */
bool store_provider_app_list(struct db *db, struct scope scope, struct arena *arena,
			     struct field_list *out, struct err *err_r);
/* The one that the user of the scope connects with: his own, that of the tenant, that of
 * the server. */
bool store_provider_app_resolve(struct db *db, struct scope scope, const char *provider,
				struct arena *arena, struct provider_app *out, struct err *err_r);
/* Whose ever: that of a connection. */
bool store_provider_app_by_id(struct db *db, const char *id, struct arena *arena,
			      struct provider_app *out, struct err *err_r);

/* ERR_CONFLICT: there is one. */
bool store_provider_app_add(struct db *db, struct scope scope, const struct audit_event *event,
			    const struct provider_app *app, struct arena *arena, struct err *err_r);
/* Over the row app->id of app->provider. ERR_NOT_FOUND: it is gone, or another one. ERR_CONFLICT reason in_use: another client_id, while there are
 * connections. */
bool store_provider_app_update(struct db *db, struct scope scope, const struct audit_event *event,
			       const struct provider_app *app, struct arena *arena,
			       struct err *err_r);
/* ERR_CONFLICT reason in_use. */
bool store_provider_app_delete(struct db *db, struct scope scope, const struct audit_event *event,
			       const struct provider_app *app, struct arena *arena, struct err *err_r);

/* By a caller: the provider does not accept the application, as it was read when it was
 * asked; when it was set anew since, that says nothing. Without an event: the provider's doing.
 * until: no refresh tries it before. */
bool store_provider_app_break(struct db *db, const struct provider_app *asked, const char *reason,
			      int64_t until, int64_t now, struct err *err_r);

/* Its budget was opened again: what waits for that is tried at once. */
bool store_provider_app_reopen(struct db *db, const struct audit_event *event, const char *id,
			       struct err *err_r);

/* In a transaction: is it still the application with this client_id? ERR_CONFLICT. */
bool store_provider_app_hold(struct db *db, const char *id, const char *client_id,
			     struct err *err_r);

#endif
