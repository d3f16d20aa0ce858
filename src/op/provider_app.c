/* op/provider_app.c - set, show, delete applications at providers. */
#include "config.h"

#include <string.h>

#include "auth/auth.h"
#include "base/str.h"
#include "op/audit.h"
#include "op/provider_app.h"
#include "op/vault.h"
#include "store/provider_app.h"

#define TRIES 3

static struct seal_place place_of(const struct provider_app *app)
{
	return (struct seal_place){ "provider_apps", "sealed_secret", app->id,
				    { app->user_id, app->tenant_id, app->provider } };
}

bool op_provider_app_secret(struct op *op, const struct provider_app *app,
			    const char **secret_r, struct err *err_r)
{
	const struct seal_place place = place_of(app);
	char *plain;
	size_t n;

	*secret_r = NULL;
	if (!op_seal_open(op, &place, app->sealed_secret, &plain, &n, err_r))
		return false;
	*secret_r = plain;
	return true;
}

const char *op_provider_callback(struct op *op, const char *provider)
{
	const char *base = op->process->conf->public_url;

	return *base ? arena_printf(op->arena, "%s" CALLBACK_PATH "%s", base, provider) : NULL;
}

/* https://host, then the path. */
static bool is_callback(const char *uri, const char *path)
{
	size_t n = strlen(uri), tail = strlen(path);
	const char *host = str_starts(uri, "https://") ? uri + strlen("https://") : NULL;

	return host && n > tail && strcmp(uri + n - tail, path) == 0 && host < uri + n - tail &&
	       host + strcspn(host, "/?#@") == uri + n - tail;
}

/* Browsers come back to us: to no other path, and with a cookie that only https has. Who
 * brings an application does not choose the host: codes of others would go there. */
static bool redirect_check(struct op *op, struct scope scope, const char *uri, const char *provider,
			   struct err *err_r)
{
	const char *path = arena_printf(op->arena, CALLBACK_PATH "%s", provider), *ours;

	if (!uri)
		return true;
	if (scope.kind == SCOPE_ALL)
		return is_callback(uri, path) ||
		       err_field(err_r, ERR_INVALID, "redirect_uri",
				 "redirect_uri must be https:// and the host of this service, then %s", path);
	ours = op_provider_callback(op, provider);
	if (!ours)
		return err_field(err_r, ERR_INVALID, "redirect_uri", "redirect_uri cannot be checked: PUBLIC_URL, the "
				 "address of this service, is not set. Ask an administrator");
	return str_eq(uri, ours) ||
	       err_field(err_r, ERR_INVALID, "redirect_uri", "redirect_uri must be %s, as when it is left out", ours);
}

static void own(struct scope scope, struct provider_app *app)
{
	scope_owner(scope, &app->user_id, &app->tenant_id);
	app->owner = app->user_id ? APP_USER : app->tenant_id ? APP_TENANT : APP_SERVER;
}

/* A new row, or what was there, with what came in. */
static bool prepare(struct op *op, struct scope scope, const struct provider *p,
		    const struct provider_app *in, bool *new_r, struct provider_app *out,
		    struct err *err_r)
{
	char id[UUID_TEXT];

	*new_r = false;
	if (!store_provider_app_get(op->db, scope, p->id, op->arena, out, err_r)) {
		if (err_r->kind != ERR_NOT_FOUND)
			return false;
		random_uuid(id);
		*out = (struct provider_app){
			.id = arena_strdup(op->arena, id), .provider = p->id, .created_at = op->now,
			.last_success_at = TIME_NONE, .window_at = TIME_NONE, .degraded_until = TIME_NONE,
		};
		own(scope, out);
		*new_r = true;
	}
	out->client_id = in->client_id;
	out->client_secret = in->client_secret;
	out->redirect_uri = in->redirect_uri;
	out->scopes = in->scopes.items ? in->scopes : strings_empty;
	out->state = APP_OK;
	out->reason = NULL;
	out->state_since = out->updated_at = op->now;
	return true;
}

static bool seal_secret(struct op *op, struct provider_app *app, struct err *err_r)
{
	const struct seal_place place = place_of(app);

	app->key_id = 0;
	return op_seal(op, app->tenant_id, &place, app->client_secret, strlen(app->client_secret),
		       &app->key_id, &app->sealed_secret, err_r);
}

struct putting {
	struct scope scope;
	bool is_new;
	struct provider_app *app;
};

static bool write(struct op *op, void *arg, int64_t *key_id_r, struct err *err_r)
{
	const struct putting *in = arg;
	struct provider_app *app = in->app;
	struct audit_event event = op_audit_of(op, in->is_new ? AUDIT_APP_CREATED : AUDIT_APP_CHANGED, app->id,
					       &provider_app_schema, app);

	if (app->tenant_id)
		event.tenant_id = app->tenant_id;
	if (!seal_secret(op, app, err_r))
		return false;
	*key_id_r = app->key_id;
	return in->is_new ? store_provider_app_add(op->db, in->scope, &event, app, op->arena, err_r)
			  : store_provider_app_update(op->db, in->scope, &event, app, op->arena, err_r);
}

bool op_provider_app_put(struct op *op, struct scope scope, const struct provider *p,
			 const struct provider_app *in, struct provider_app *out,
			 struct err *err_r)
{
	struct putting put = { .scope = scope, .app = out };

	if (scope.kind == SCOPE_NOBODY)
		return err_set(err_r, ERR_FORBIDDEN, "An application belongs to a user, a tenant or the server");
	if (!field_check(&provider_app_put_schema, in, err_r) ||
	    !redirect_check(op, scope, in->redirect_uri, p->id, err_r) || !provider_open(p, op->now, err_r))
		return false;
	for (int i = 0; i < TRIES; i++) {
		if (!prepare(op, scope, p, in, &put.is_new, out, err_r))
			return false;
		if (op_seal_retry(op, write, &put, err_r))
			return true;
		/* it was removed since it was read, and perhaps set anew */
		if (put.is_new || err_r->kind != ERR_NOT_FOUND)
			return false;
	}
	return false;
}

bool op_provider_app_get(struct op *op, struct scope scope, const char *provider,
			 struct provider_app *out, struct err *err_r)
{
	return store_provider_app_get(op->db, scope, provider, op->arena, out, err_r);
}

bool op_provider_app_list(struct op *op, struct scope scope, struct field_list *out,
			  struct err *err_r)
{
	return store_provider_app_list(op->db, scope, op->arena, out, err_r);
}

bool op_provider_app_delete(struct op *op, struct scope scope, const char *provider,
			    struct err *err_r)
{
	struct audit_event event;
	struct provider_app app;

	if (!store_provider_app_get(op->db, scope, provider, op->arena, &app, err_r))
		return false;
	event = op_audit_of(op, AUDIT_APP_DELETED, app.id, &provider_app_schema, &app);
	if (app.tenant_id)
		event.tenant_id = app.tenant_id;
	return store_provider_app_delete(op->db, scope, &event, &app, op->arena, err_r);
}
