/* op/connect.c - a user connects a provider, up to the code. */
#include "config.h"

#include <string.h>

#include "auth/auth.h"
#include "base/str.h"
#include "op/audit.h"
#include "op/caller.h"
#include "op/connect.h"
#include "op/connection.h"
#include "op/connect_seal.h"
#include "op/notification.h"
#include "op/provider_app.h"
#include "op/vault.h"
#include "store/connect.h"
#include "store/provider_app.h"

#define SECRET_BYTES 32
#define TRIES 16   /* more than there are rotations while one callback is answered */

/* 43 characters, and what is kept of them. */
static const char *generate(struct op *op, const char **hash_r)
{
	unsigned char raw[SECRET_BYTES];
	char *text = arena_alloc(op->arena, 4 * ((SECRET_BYTES + 2) / 3) + 1);
	char *hash = arena_alloc(op->arena, SHA256_HEX);

	random_bytes(raw, sizeof(raw));
	base64url_encode(raw, sizeof(raw), text);
	explicit_bzero(raw, sizeof(raw));
	sha256_hex(text, strlen(text), hash);
	*hash_r = hash;
	return text;
}

const char *op_connect_nonce(struct op *op)
{
	const char *unused;

	return generate(op, &unused);
}

bool op_connect_nonce_is(const char *nonce, const char *presented)
{
	return equal_ct(nonce, presented);
}

static const char *hash_of(struct op *op, const char *text)
{
	char *hash = arena_alloc(op->arena, SHA256_HEX);

	sha256_hex(text, strlen(text), hash);
	return hash;
}

/* By the user of the attempt, who has its secret. */
static struct audit_event event_of(const struct op *op, enum audit_type type, const struct connect_state *s)
{
	struct audit_event event = op_audit_of(op, type, s->id, &connect_state_schema, s);

	event.user_id = s->user_id;
	event.tenant_id = s->tenant_id;
	return event;
}

/* --- the link ---------------------------------------------------------------------------- */

static bool find_app(struct op *op, struct scope scope, const struct provider *p,
		     struct provider_app *out, struct err *err_r)
{
	if (!store_provider_app_resolve(op->db, scope, p->id, op->arena, out, err_r))
		return err_r->kind == ERR_NOT_FOUND
			? err_reason(err_r, ERR_CONFLICT, "no_app", "No application is set for %s: set one at "
				     "/api/users/oauth-apps/%s, or ask an administrator", p->title, p->id)
			: false;
	return str_eq(out->state, APP_OK) ||
	       err_reason(err_r, ERR_CONFLICT, "app_broken", "%s does not accept the application (%s): "
			  "set its id and secret again", p->title, out->reason ? out->reason : "unknown");
}

static bool find_callback(struct op *op, const struct provider *p, const struct provider_app *app,
			  const char **out, struct err *err_r)
{
	const char *ours = op_provider_callback(op, p->id);

	*out = app->redirect_uri ? app->redirect_uri : ours;
	if (!*out)
		return err_reason(err_r, ERR_CONFLICT, "public_url", "The application has no redirect_uri, "
				  "and PUBLIC_URL, which would make one, is not set");
	/* PUBLIC_URL may have changed since it was set */
	return str_eq(app->owner, APP_SERVER) || str_eq(*out, ours) ||
	       err_reason(err_r, ERR_CONFLICT, "redirect_uri", "The redirect_uri of the application is not at "
			  "PUBLIC_URL: set the application again, without it");
}

/* https://host */
static const char *origin_of(struct arena *arena, const char *uri)
{
	const char *host = uri + strlen("https://");

	return arena_printf(arena, "%.*s", (int)(host + strcspn(host, "/") - uri), uri);
}

bool op_connect_begin(struct op *op, struct scope scope, const struct provider *p,
		      struct connect_link *out, struct err *err_r)
{
	struct connect_state s = {
		.user_id = scope.id, .tenant_id = scope.tenant_id, .provider = p->id,
		.phase = CONNECT_MADE, .key_id = INT_NONE, .scopes_granted = strings_empty,
		.expires_at = op->now + CONNECT_LINK_MS, .lease_until = TIME_NONE,
		.created_at = op->now, .updated_at = op->now,
	};
	struct provider_app app;
	struct audit_event event;
	char id[UUID_TEXT];
	const char *link;

	if (!scope_in_tenant(scope))
		return err_set(err_r, ERR_FORBIDDEN, "A user connects a provider in a tenant");
	if (!provider_open(p, op->now, err_r) || !find_app(op, scope, p, &app, err_r) ||
	    !find_callback(op, p, &app, &s.redirect_uri, err_r))
		return false;
	random_uuid(id);
	s.id = id;
	s.app_id = app.id;
	s.scopes_asked = app.scopes.n > 0 ? app.scopes : p->scopes.items ? p->scopes : strings_empty;
	link = generate(op, &s.start_hash);
	event = event_of(op, AUDIT_CONNECT_STARTED, &s);
	*out = (struct connect_link){ .expires_at = s.expires_at, .provider = p->id,
				      .scopes = s.scopes_asked };
	out->start_url = arena_printf(op->arena, "%s" CONNECT_LINK_PATH "?link=%s",
				      origin_of(op->arena, s.redirect_uri), link);
	return store_connect_add(op->db, &event, &s, err_r);
}

bool op_connect_look(struct op *op, const char *link, struct connect_state *out,
		     struct connect_account *account_r, struct err *err_r)
{
	const char *hash = hash_of(op, link);

	if (!store_connect_by_start(op->db, hash, op->arena, out, err_r) ||
	    !store_connect_account(op->db, hash, op->arena, account_r, err_r))
		return false;
	return (str_eq(out->phase, CONNECT_MADE) && out->expires_at > op->now) ||
	       err_set(err_r, ERR_NOT_FOUND, "This link was used, or is too old: connect again");
}

/* --- to the provider ------------------------------------------------------------------------ */

static const char *challenge_of(struct op *op, const char *verifier)
{
	char hex[SHA256_HEX], *text = arena_alloc(op->arena, 4 * ((SHA256_BYTES + 2) / 3) + 1);
	unsigned char raw[SHA256_BYTES];

	if (!verifier)
		return NULL;
	sha256_hex(verifier, strlen(verifier), hex);
	hex_decode(hex, raw, sizeof(raw));
	base64url_encode(raw, sizeof(raw), text);
	return text;
}

/* 0: of none. */
static int64_t key_of(const struct connect_state *s)
{
	return s->key_id == INT_NONE ? 0 : s->key_id;
}

struct following {
	struct connect_state *s;
	const char *verifier;   /* NULL = without PKCE */
};

static bool follow(struct op *op, void *arg, int64_t *key_id_r, struct err *err_r)
{
	const struct following *in = arg;
	struct connect_state *s = in->s, started;
	struct audit_event event;

	s->key_id = INT_NONE;
	if (!connect_seal(op, s, CONNECT_VERIFIER, in->verifier, &s->sealed_verifier, err_r))
		return false;
	*key_id_r = key_of(s);
	event = event_of(op, AUDIT_CONNECT_FOLLOWED, s);
	return store_connect_start(op->db, &event, s, op->arena, &started, err_r);
}

bool op_connect_follow(struct op *op, const struct provider *p, const char *link,
		       struct connect_visit *out, struct err *err_r)
{
	struct connect_account account;
	struct connect_state s;
	struct provider_app app;
	const char *verifier = NULL, *unused;

	if (!op_connect_look(op, link, &s, &account, err_r) ||
	    !store_provider_app_by_id(op->db, s.app_id, op->arena, &app, err_r))
		return false;
	*out = (struct connect_visit){ .client_id = app.client_id, .redirect_uri = s.redirect_uri,
				       .scopes = s.scopes_asked };
	out->state = generate(op, &s.state_hash);
	out->cookie = generate(op, &s.cookie_hash);
	out->cookie_name = arena_printf(op->arena, CONNECT_COOKIE "%.*s", CONNECT_COOKIE_TAIL, out->state);
	if (str_eq(p->pkce, "S256"))
		verifier = generate(op, &unused);
	out->challenge = challenge_of(op, verifier);
	s.expires_at = op->now + CONNECT_VISIT_MS;
	return op_seal_retry(op, follow, &(struct following){ &s, verifier }, err_r);
}

/* --- and back -------------------------------------------------------------------------------- */

static bool no_attempt(struct err *err_r)
{
	return err_reason(err_r, ERR_FORBIDDEN, "state", "This callback belongs to no attempt of this browser "
			  "that still waits: connect again");
}

/* Of what a provider calls its error, what may be shown. */
static const char *word_of(struct op *op, const char *error)
{
	size_t n = strspn(error, "abcdefghijklmnopqrstuvwxyz_");

	return n > 0 && n <= 40 && !error[n] ? arena_strdup(op->arena, error) : "another error";
}

/* What ends the attempt here: sets outcome and message. False: nothing does. */
static bool ends_here(struct op *op, const struct provider *p, const struct connect_callback *in,
		      struct connect_state *s)
{
	const char *why = NULL;

	s->outcome = OUTCOME_FAILED;
	if (!str_eq(p->id, s->provider)) {
		why = "the callback of another provider was called";
	} else if (p->issuer && in->iss && !str_eq(p->issuer, in->iss)) {
		why = "another issuer answered (iss)";
	} else if (in->error) {
		s->outcome = str_eq(in->error, "access_denied") ? OUTCOME_DENIED : OUTCOME_FAILED;
		why = str_eq(in->error, "access_denied") ? "you did not allow it"
			: arena_printf(op->arena, "the provider answered %s", word_of(op, in->error));
	} else if (!in->code || !*in->code) {
		why = "the provider sent no code";
	}
	if (!why)
		return false;
	s->message = arena_printf(op->arena, "%s was not connected: %s", p->title, why);
	return true;
}

/* The code, for a caller; or the end. */
static bool judge(struct op *op, const struct provider *p, const struct connect_callback *in,
		  struct connect_state *s, struct err *err_r)
{
	s->scopes_granted = in->scope && str_eq(p->scopes_granted, "callback")
		? scopes_read(op->arena, in->scope) : strings_empty;
	if (ends_here(op, p, in, s)) {
		s->phase = CONNECT_DONE;
		s->sealed_code = NULL;
		return true;
	}
	s->phase = CONNECT_CALLED_BACK;
	s->outcome = s->message = NULL;
	return connect_seal(op, s, CONNECT_CODE, in->code, &s->sealed_code, err_r);
}

struct calling_back {
	const struct provider *p;
	const struct connect_callback *in;
	struct connect_state *out;
	bool ended;
};

static bool read_attempt(struct op *op, const struct calling_back *c, struct connect_state *s,
			 struct err *err_r)
{
	return store_connect_by_state(op->db, hash_of(op, c->in->state), hash_of(op, c->in->cookie),
				      op->arena, s, err_r);
}

static bool write_attempt(struct op *op, struct calling_back *c, struct connect_state *s,
			  struct err *err_r)
{
	struct notification told;
	struct audit_event event;

	c->ended = s->outcome != NULL;
	event = event_of(op, c->ended ? AUDIT_CONNECT_FAILED : AUDIT_CONNECT_CALLED_BACK, s);
	if (c->ended)
		told = notification_prepare(op, s->user_id, s->tenant_id, s->provider, false, s->message);
	return store_connect_call_back(op->db, &event, s, c->ended ? &told : NULL, op->arena, c->out, err_r);
}

/* Was its verifier sealed again since it was read, by which data key? Code and verifier have
 * one. An attempt that is over has none. */
static bool has_moved(struct op *op, const struct calling_back *c, int64_t key_id,
		      const struct err *err)
{
	struct connect_state now;
	struct err unused;

	return err->kind == ERR_NOT_FOUND && read_attempt(op, c, &now, &unused) && now.key_id != key_id &&
	       str_eq(now.phase, CONNECT_STARTED);
}

static bool call_back(struct op *op, void *arg, int64_t *key_id_r, struct err *err_r)
{
	struct calling_back *c = arg;
	struct connect_state s;
	int64_t key_id;
	int tries = TRIES;

	do {
		if (!read_attempt(op, c, &s, err_r))
			return false;
		key_id = s.key_id;
		*key_id_r = key_of(&s);
		if (!judge(op, c->p, c->in, &s, err_r))
			return false;
		*key_id_r = key_of(&s);
		if (write_attempt(op, c, &s, err_r))
			return true;
	} while (--tries > 0 && has_moved(op, c, key_id, err_r));
	return false;
}

bool op_connect_call_back(struct op *op, const struct provider *p, const struct connect_callback *in,
			  struct connect_state *out, struct err *err_r)
{
	struct calling_back c = { p, in, out, false };

	if (!in->state || strlen(in->state) < CONNECT_COOKIE_TAIL)
		return no_attempt(err_r);
	if (!in->cookie)
		return err_reason(err_r, ERR_FORBIDDEN, "cookie", "This browser did not begin this: connect again "
				  "in the browser in which you opened the link");
	if (!op_seal_retry(op, call_back, &c, err_r))
		return err_r->kind == ERR_NOT_FOUND ? no_attempt(err_r) : false;
	if (!c.ended)
		op_caller_wake(op);
	return true;
}

bool op_connect_outcome(struct op *op, const char *id, const char *cookie,
			struct connect_state *out, struct err *err_r)
{
	char uuid[UUID_TEXT];

	if (!cookie || !uuid_parse(id, uuid) || !store_connect_get(op->db, uuid, op->arena, out, err_r) ||
	    !out->cookie_hash || !equal_ct(out->cookie_hash, hash_of(op, cookie)))
		return err_set(err_r, ERR_NOT_FOUND, "There is no such attempt of this browser");
	return true;
}
