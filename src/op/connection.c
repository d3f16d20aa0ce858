/* op/connection.c - tokens of users at providers. */
#include "config.h"

#include <string.h>

#include "auth/auth.h"
#include "base/str.h"
#include "op/audit.h"
#include "op/caller.h"
#include "op/connection.h"
#include "op/refresh_ask.h"
#include "op/refresh_rule.h"
#include "op/vault.h"
#include "provider/providers.h"
#include "store/connection.h"
#include "store/provider_app.h"

#define TRIES 16   /* more than can write one connection at once */

/* --- sealed ------------------------------------------------------------------------------ */

static struct seal_place place_of(const struct connection *c, const char *column)
{
	return (struct seal_place){ "provider_connections", column, c->id,
				    { c->user_id, c->tenant_id, c->provider } };
}

static bool open_one(struct op *op, const struct connection *c, const char *column,
		     const char *sealed, const char **out, struct err *err_r)
{
	const struct seal_place place = place_of(c, column);
	char *plain = NULL;
	size_t n;

	if (sealed && !op_seal_open(op, &place, sealed, &plain, &n, err_r))
		return false;
	*out = plain;
	return true;
}

bool op_connection_open(struct op *op, const struct connection *c, struct connection_tokens *out,
			struct err *err_r)
{
	*out = (struct connection_tokens){ .access_token = NULL };
	return open_one(op, c, "sealed_access", c->sealed_access, &out->access_token, err_r) &&
	       open_one(op, c, "sealed_refresh", c->sealed_refresh, &out->refresh_token, err_r);
}

static bool seal_one(struct op *op, struct connection *c, const char *column, const char *plain,
		     const char **sealed_r, struct err *err_r)
{
	const struct seal_place place = place_of(c, column);

	*sealed_r = NULL;
	return !plain || op_seal(op, c->tenant_id, &place, plain, strlen(plain), &c->key_id, sealed_r,
				 err_r);
}

bool op_connection_seal(struct op *op, const struct connection_tokens *tokens,
			struct connection *c, struct err *err_r)
{
	c->key_id = 0;
	return seal_one(op, c, "sealed_access", tokens->access_token, &c->sealed_access, err_r) &&
	       seal_one(op, c, "sealed_refresh", tokens->refresh_token, &c->sealed_refresh, err_r);
}

/* --- shown ------------------------------------------------------------------------------- */

struct strings scopes_missing(struct arena *arena, struct strings asked, struct strings granted)
{
	const char **items = arena_alloc(arena, (asked.n + 1) * sizeof(*items));
	size_t n = 0;

	for (size_t i = 0; i < asked.n; i++)
		if (!strings_have(granted, asked.items[i]))
			items[n++] = asked.items[i];
	items[n] = NULL;
	return (struct strings){ items, n };
}

/* What nobody has written, since only time has passed. */
static void show_end(const struct op *op, struct connection *c)
{
	struct provider p;
	struct err err;

	if (!op->process->providers || !provider_get(op->process->providers, c->provider, op->now, &p, &err))
		return;
	if (p.retired_on != TIME_NONE && p.retired_on <= op->now) {
		c->state = CONNECTION_RETIRED;
		c->reason = "provider_ended";
		c->state_since = p.retired_on;
	} else if (str_eq(c->state, CONNECTION_OK) && c->expires_at != TIME_NONE && c->expires_at <= op->now &&
		   !refresh_is_possible(c, &p, op->now)) {
		c->state = CONNECTION_REAUTH;
		c->reason = "expired";
		c->state_since = c->expires_at;
	}
}

static void show(const struct op *op, struct connection *c)
{
	c->scopes_missing = scopes_missing(op->arena, c->scopes_asked, c->scopes_granted);
	c->has_refresh_token = c->sealed_refresh != NULL;
	show_end(op, c);
}

static void show_all(const struct op *op, struct field_list *rows)
{
	struct connection *all = (struct connection *)(uintptr_t)rows->items;

	for (size_t i = 0; i < rows->n; i++)
		show(op, &all[i]);
}

bool op_connection_list(struct op *op, struct scope scope, struct field_list *out,
			struct err *err_r)
{
	if (!store_connection_list(op->db, scope, op->arena, out, err_r))
		return false;
	show_all(op, out);
	return true;
}

bool op_connection_list_tenant(struct op *op, struct scope scope, const char *provider,
			       const struct page_in *in, struct page_out *out, struct err *err_r)
{
	static const struct page_list list = PAGE_LIST(struct connection, store_connection_list_tenant);

	if (!op_page(op, scope, &list, provider, in, out, err_r))
		return false;
	show_all(op, &out->rows);
	return true;
}

/* --- brought by their owner ------------------------------------------------------------------ */

struct connection connection_new(const struct op *op, const char *user_id, const char *tenant_id,
				 const char *provider)
{
	char id[UUID_TEXT];

	random_uuid(id);
	return (struct connection){
		.id = arena_strdup(op->arena, id), .user_id = user_id, .tenant_id = tenant_id,
		.provider = provider, .phase = PHASE_IDLE, .lease_until = TIME_NONE,
		.state = CONNECTION_OK, .state_since = op->now, .token_type = "Bearer",
		.expires_at = TIME_NONE, .scopes_granted = strings_empty, .scopes_asked = strings_empty,
		.last_used_at = TIME_NONE, .refreshed_at = op->now, .retry_at = TIME_NONE,
		.first_refused_at = TIME_NONE, .ended_at = TIME_NONE, .connected_at = op->now,
		.created_at = op->now, .updated_at = op->now,
	};
}

struct strings scopes_read(struct arena *arena, const char *text)
{
	const char **items = arena_alloc(arena, ((text ? strlen(text) : 0) / 2 + 2) * sizeof(*items));
	size_t n = 0;

	for (; text && *(text += strspn(text, " ,")); n++) {
		size_t len = strcspn(text, " ,");

		items[n] = arena_strndup(arena, text, len);
		text += len;
	}
	items[n] = NULL;
	return (struct strings){ items, n };
}

/* What is there now, or a new row. */
static bool find(struct op *op, struct scope scope, const struct provider *p, bool *new_r,
		 struct connection *out, struct err *err_r)
{
	bool there = store_connection_get(op->db, scope, p->id, op->arena, out, err_r);

	*new_r = !there || str_eq(out->state, CONNECTION_UNIDENTIFIED);
	if (*new_r)
		*out = connection_new(op, scope.id, scope.tenant_id, p->id);
	return there || err_r->kind == ERR_NOT_FOUND;
}

/* An access token alone: the refresh token stays, and what it hangs on. */
static bool keeps(const struct tokens_in *in, const struct connection *c)
{
	return !in->refresh_token && c->sealed_refresh;
}

/* With what they can be refreshed, if with anything. */
static bool find_app(struct op *op, struct scope scope, const char *provider, const char **id_r,
		     struct err *err_r)
{
	struct provider_app app;
	bool there = store_provider_app_resolve(op->db, scope, provider, op->arena, &app, err_r);

	*id_r = there ? app.id : NULL;
	return there || err_r->kind == ERR_NOT_FOUND;
}

static bool fill(struct op *op, struct scope scope, const struct tokens_in *in, struct connection *c,
		 struct err *err_r)
{
	struct connection_tokens tokens = { .refresh_token = in->refresh_token };

	if (keeps(in, c) ? !op_connection_open(op, c, &tokens, err_r)
			 : !find_app(op, scope, c->provider, &c->app_id, err_r))
		return false;
	if (!keeps(in, c))
		c->provider_user_id = NULL;
	tokens.access_token = in->access_token;
	c->state = CONNECTION_OK;
	c->reason = NULL;
	c->token_type = in->token_type ? in->token_type : "Bearer";
	c->expires_at = in->expires_at;
	c->scopes_granted = scopes_read(op->arena, in->scope);
	c->scopes_asked = strings_empty;
	c->state_since = c->refreshed_at = c->connected_at = c->updated_at = op->now;
	return op_connection_seal(op, &tokens, c, err_r);
}

/* seen_refresh: as it was read, NULL = it does not stay. */
static bool write(struct op *op, struct scope scope, bool is_new, const char *seen_refresh,
		  struct connection *c, struct err *err_r)
{
	const struct connection in = *c;
	const struct audit_event event = op_audit_of(op, AUDIT_TOKENS_SET, in.id, &connection_schema, &in);

	if (is_new)
		return store_connection_add(op->db, &event, &in, err_r);
	return seen_refresh
		? store_connection_set_access(op->db, scope, &event, &in, seen_refresh, op->arena, c, err_r)
		: store_connection_replace(op->db, scope, &event, &in, err_r);
}

/* Another call has written it since it was read, or its data key was retired. */
static bool again(struct op *op, const struct connection *c, const struct err *err)
{
	return err->kind == ERR_NOT_FOUND || (err->kind == ERR_CONFLICT && str_eq(err->field, "provider")) ||
	       op_seal_outdated(op, c->key_id);
}

bool op_connection_put(struct op *op, struct scope scope, const struct provider *p,
		       const struct tokens_in *in, struct connection *out, struct err *err_r)
{
	bool is_new;

	if (!scope_in_tenant(scope))
		return err_set(err_r, ERR_FORBIDDEN, "Tokens belong to a user in a tenant");
	if (!field_check(&tokens_in_schema, in, err_r) || !provider_open(p, op->now, err_r))
		return false;
	for (int i = 0; i < TRIES; i++) {
		const char *seen;

		if (!find(op, scope, p, &is_new, out, err_r))
			return false;
		seen = keeps(in, out) ? out->sealed_refresh : NULL;
		if (!fill(op, scope, in, out, err_r))
			return false;
		if (write(op, scope, is_new, seen, out, err_r)) {
			show(op, out);
			return true;
		}
		if (!again(op, out, err_r))
			return false;
	}
	return err_set(err_r, ERR_CONFLICT, "The tokens are being set by another call: read them again");
}

/* --- given out ----------------------------------------------------------------------------- */

static bool reauth(const struct provider *p, struct err *err_r)
{
	return err_reason(err_r, ERR_CONFLICT, CONNECTION_REAUTH, "%s must be connected again: its tokens have "
			  "ended", p->title);
}

static bool pending(const char *reason, int seconds, const char *sentence, struct err *err_r)
{
	err_reason(err_r, ERR_UNAVAILABLE, reason, "%s", sentence);
	return err_retry(err_r, seconds);
}

/* Nobody waits for a refresh that the provider denies to the application. */
static bool app_works(struct op *op, const struct provider *p, const struct connection *c,
		      struct err *err_r)
{
	struct provider_app app;

	if (!store_provider_app_by_id(op->db, c->app_id, op->arena, &app, err_r))
		return false;
	return str_eq(app.state, APP_OK) ||
	       err_reason(err_r, ERR_CONFLICT, "app_broken", "%s does not accept the application that these "
			  "tokens belong to: its owner must set its id and secret again", p->title);
}

bool connection_pending(struct op *op, const struct provider *p, const struct connection *c,
			struct err *err_r)
{
	int64_t wait = c->retry_at != TIME_NONE && c->retry_at > op->now ? c->retry_at - op->now : 0;

	if (!app_works(op, p, c, err_r))
		return false;
	if (wait == 0)
		op->result.waits_for = c->id;
	return pending("refresh_pending", wait > 2 * SECOND_MS ? (int)(wait / SECOND_MS) + 1 : 2,
		       "The tokens are being refreshed: try again", err_r);
}

/* What cannot be refreshed now serves to its end; else an access token that ends soon is
 * refreshed first, and the request waits for that. */
static bool refreshed(struct op *op, const struct provider *p, const struct connection *c,
		      struct err *err_r)
{
	bool failing = str_eq(c->state, CONNECTION_UNCERTAIN) || str_eq(c->state, CONNECTION_DEGRADED);

	if (c->expires_at > op->now && (failing || !refresh_is_possible(c, p, op->now)))
		return true;
	return refresh_is_possible(c, p, op->now) ? connection_pending(op, p, c, err_r) : reauth(p, err_r);
}

static bool usable(struct op *op, const struct provider *p, const struct connection *c,
		   struct err *err_r)
{
	if (str_eq(c->state, CONNECTION_UNIDENTIFIED))
		return pending("unidentified", 5, "The provider has not said yet whose tokens these are: try "
			       "again", err_r);
	if (p->retired_on != TIME_NONE && p->retired_on <= op->now)
		return provider_open(p, op->now, err_r);
	if (str_eq(c->state, CONNECTION_REAUTH))
		return reauth(p, err_r);
	return c->expires_at == TIME_NONE || c->expires_at > op->now + LEND_LEFT_MS ||
	       refreshed(op, p, c, err_r);
}

struct lending {
	struct scope scope;
	const struct provider *p;
	struct tokens_lent *out;
	const struct connection *seen;    /* NULL = there is none */
};

static bool lend(struct op *op, void *arg, int64_t *key_id_r, struct err *err_r)
{
	struct lending *in = arg;
	struct connection *c = arena_new_struct(op->arena, struct connection);

	if (!store_connection_get(op->db, in->scope, in->p->id, op->arena, c, err_r))
		return false;
	in->seen = c;
	if (!usable(op, in->p, c, err_r))
		return false;
	*key_id_r = c->key_id;
	show(op, c);
	in->out->connection = c;
	return open_one(op, c, "sealed_access", c->sealed_access, &in->out->access_token, err_r);
}

bool op_connection_lend(struct op *op, struct scope scope, const struct provider *p,
			struct tokens_lent *out, struct err *err_r)
{
	struct lending in = { scope, p, out, NULL };
	bool good = op_seal_retry(op, lend, &in, err_r);

	if (in.seen)
		op_refresh_ask(op, scope, p, in.seen);
	return good;
}

/* --- ended --------------------------------------------------------------------------------- */

bool op_connection_end(struct op *op, struct scope scope, const char *provider, int64_t *n_r,
		       struct err *err_r)
{
	const struct connection told = { .provider = provider };
	const struct audit_event event = op_audit_of(op, AUDIT_DISCONNECTED, NULL, &connection_schema, &told);

	if (!store_connection_end(op->db, scope, provider, &event, n_r, err_r))
		return false;
	if (*n_r > 0)
		op_caller_wake(op);
	return true;
}
