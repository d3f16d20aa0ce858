/* provider/request.c - requests to a provider, by its row. */
#include "config.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "provider/request.h"

#define HEADERS_MAX 5

/* --- forms and headers -------------------------------------------------------------------- */

/* RFC 3986 section 2.3 has what stays. */
static void add_encoded(struct strbuf *b, const char *s)
{
	for (; *s; s++)
		if (isalnum((unsigned char)*s) || strchr("-._~", *s))
			strbuf_add(b, s, 1);
		else
			strbuf_addf(b, "%%%02X", (unsigned char)*s);
}

/* Of the provider's own making: it could name another path. */
static bool is_segment(const char *id)
{
	return id && id[strspn(id, ".")];
}

static const char *encoded(const char *s, struct arena *arena)
{
	struct strbuf b = { .arena = arena };

	if (s)
		add_encoded(&b, s);
	return b.s;
}

static void add(struct strbuf *b, const char *name, const char *value)
{
	if (!value)
		return;
	if (b->len > 0)
		strbuf_adds(b, "&");
	add_encoded(b, name);
	strbuf_adds(b, "=");
	add_encoded(b, value);
}

/* text with {word} replaced */
static const char *filled(const char *text, const char *word, const char *value, struct arena *arena)
{
	const char *at = text ? strstr(text, word) : NULL;

	return at && value ? arena_printf(arena, "%.*s%s%s", (int)(at - text), text, value,
					  at + strlen(word)) : text;
}

/* name=value each */
static void add_params(struct strbuf *b, struct strings params, const char *client_id)
{
	for (size_t i = 0; i < params.n; i++) {
		const char *equals = strchr(params.items[i], '=');

		if (equals)
			add(b, arena_strndup(b->arena, params.items[i], (size_t)(equals - params.items[i])),
			    filled(equals + 1, "{client_id}", client_id, b->arena));
	}
}

static const char *with_query(const char *url, const struct strbuf *query, struct arena *arena)
{
	return query->len == 0 ? url
		: arena_printf(arena, "%s%s%s", url, strchr(url, '?') ? "&" : "?", query->s);
}

struct headers {
	const char **items;
	size_t n;
	struct arena *arena;
};

static void add_header(struct headers *h, const char *text)
{
	h->items[h->n++] = text;
	h->items[h->n] = NULL;
}

static struct headers headers_new(struct arena *arena)
{
	struct headers h = { arena_alloc(arena, (HEADERS_MAX + 1) * sizeof(*h.items)), 0, arena };

	add_header(&h, "Accept: application/json");
	return h;
}

/* RFC 6749 section 2.3.1: both are encoded as in a form before. */
static void add_basic(struct headers *h, const struct provider_client *client)
{
	struct strbuf pair = { .arena = h->arena };
	char *encoded;

	add_encoded(&pair, client->client_id);
	strbuf_adds(&pair, ":");
	add_encoded(&pair, client->client_secret);
	encoded = arena_alloc(h->arena, 4 * ((pair.len + 2) / 3) + 1);
	base64_encode(pair.s, pair.len, encoded);
	add_header(h, arena_printf(h->arena, "Authorization: Basic %s", encoded));
}

static void add_bearer(struct headers *h, const char *access_token)
{
	add_header(h, arena_printf(h->arena, "Authorization: Bearer %s", access_token));
}

static void add_client(struct headers *h, struct strbuf *form, const char *auth,
		       const struct provider_client *client)
{
	if (str_eq(auth, "basic")) {
		add_basic(h, client);
		return;
	}
	add(form, "client_id", client->client_id);
	add(form, "client_secret", client->client_secret);
}

static void post_form(struct headers *h, const struct strbuf *form, const char *url,
		      struct provider_request *out)
{
	add_header(h, "Content-Type: application/x-www-form-urlencoded");
	*out = (struct provider_request){ "POST", url, h->items, form->len ? form->s : "", form->len };
}

/* --- tokens ---------------------------------------------------------------------------------- */

const char *provider_visit_url(const struct provider *p, const struct provider_visit *v,
			       struct arena *arena)
{
	struct strbuf b = { .arena = arena };

	add(&b, "response_type", "code");
	add(&b, "client_id", v->client_id);
	add(&b, "redirect_uri", v->redirect_uri);
	add(&b, "state", v->state);
	if (p->scope_separator && *p->scope_separator && v->scopes.n > 0)
		add(&b, "scope", strings_join(arena, v->scopes, p->scope_separator));
	if (v->challenge) {
		add(&b, "code_challenge", v->challenge);
		add(&b, "code_challenge_method", "S256");
	}
	add_params(&b, p->authorize_params, v->client_id);
	return with_query(p->authorize_url, &b, arena);
}

void provider_code_request(const struct provider *p, const struct provider_client *client,
			   const char *code, const char *redirect_uri, const char *verifier,
			   struct arena *arena, struct provider_request *out)
{
	struct strbuf form = { .arena = arena };
	struct headers h = headers_new(arena);

	add(&form, "grant_type", "authorization_code");
	add(&form, "code", code);
	add(&form, "redirect_uri", redirect_uri);
	add(&form, "code_verifier", verifier);
	add_client(&h, &form, p->client_auth, client);
	add_params(&form, p->token_params, client->client_id);
	post_form(&h, &form, p->token_url, out);
}

void provider_refresh_request(const struct provider *p, const struct provider_client *client,
			      const char *refresh_token, struct arena *arena,
			      struct provider_request *out)
{
	struct strbuf form = { .arena = arena };
	struct headers h = headers_new(arena);

	add(&form, "grant_type", "refresh_token");
	add(&form, "refresh_token", refresh_token);
	add_client(&h, &form, p->client_auth, client);
	add_params(&form, p->refresh_params.items ? p->refresh_params : p->token_params,
		   client->client_id);
	post_form(&h, &form, p->refresh_url ? p->refresh_url : p->token_url, out);
}

/* --- with tokens ------------------------------------------------------------------------------ */

bool provider_identity_request(const struct provider *p, const char *access_token,
			       struct arena *arena, struct provider_request *out)
{
	struct headers h;

	if (!p->identity_url)
		return false;
	h = headers_new(arena);
	add_bearer(&h, access_token);
	*out = (struct provider_request){ "GET", p->identity_url, h.items, NULL, 0 };
	return true;
}

bool provider_after_request(const struct provider *p, const char *access_token,
			    const char *connection_id, struct arena *arena,
			    struct provider_request *out)
{
	struct headers h;
	const char *body;

	if (!p->after_connect_url)
		return false;
	h = headers_new(arena);
	add_bearer(&h, access_token);
	add_header(&h, "Content-Type: application/json");
	body = filled(p->after_connect_body, "{connection}", connection_id, arena);
	*out = (struct provider_request){ "POST", p->after_connect_url, h.items, body, strlen(body) };
	return true;
}

/* Either kills both, as a rule; where it does not the refresh token is the one that lasts. */
static const char *ended_token(const struct provider *p, const struct provider_ended *ended)
{
	bool access = !ended->refresh_token || str_eq(p->revoke_token, "access_token");

	return access ? ended->access_token : ended->refresh_token;
}

bool provider_revoke_request(const struct provider *p, const struct provider_client *client,
			     const struct provider_ended *ended, struct arena *arena,
			     struct provider_request *out)
{
	struct strbuf form = { .arena = arena };
	struct headers h;
	const char *url;
	bool by_app = str_eq(p->revoke_auth, "body") || str_eq(p->revoke_auth, "basic");

	if (!p->revoke_url || (strstr(p->revoke_url, "{user}") && !is_segment(ended->user_id)))
		return false;
	url = filled(p->revoke_url, "{user}", encoded(ended->user_id, arena), arena);
	h = headers_new(arena);
	if (p->revoke_token)
		add(&form, p->revoke_token, ended_token(p, ended));
	add_params(&form, p->revoke_params, client->client_id);
	if (by_app)
		add_client(&h, &form, p->revoke_auth, client);
	if (str_eq(p->revoke_auth, "bearer"))
		add_bearer(&h, ended->access_token);
	if (by_app && str_eq(p->revoke_method, "POST")) {
		post_form(&h, &form, url, out);
		return true;
	}
	*out = (struct provider_request){ p->revoke_method, with_query(url, &form, arena), h.items, NULL, 0 };
	return true;
}
