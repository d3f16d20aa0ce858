/*
 * provider/reply.c - a token reply by the row of its provider (RFC 6749 sections 5.1, 5.2).
 *
 * A reply with an access token is never thrown away for another member that is wrong: the
 * old refresh token may be spent. Only a token that cannot be kept is said to be one: to keep
 * the one beside it would hide that the connection has ended. And a refusal is only what the provider itself says with
 * 400 or 401: a firewall's page, a path that moved or an outage is none.
 */
#include "config.h"

#include <string.h>

#include "base/json_slice.h"
#include "base/str.h"
#include "model/connection.h"
#include "provider/reply.h"

#define IDENTITY_MAX 255         /* OpenID Connect Core, section 2 (sub); it stands in an index */
#define LONGEST_S (INT64_C(10) * 365 * 86400)
#define SCOPES_MAX 100

struct reading {
	const struct provider *p;
	const struct provider_answer *in;
	struct arena *arena;
	struct json_slice all, root;   /* the body, and what reply_root names in it */
	struct provider_reply *out;
};

/* --- tokens --------------------------------------------------------------------------------- */

/* RFC 6749 A.12, without the blank: it goes into a header, or into a URL. */
static bool is_visible(const char *s, size_t most)
{
	size_t n = s ? strlen(s) : 0;

	if (n == 0 || n > most)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] <= 0x20 || (unsigned char)s[i] >= 0x7f)
			return false;
	return true;
}

static const char *token(const struct reading *r, const char *name)
{
	const char *s = json_slice_text(r->arena, json_slice_member(r->root, name));

	return is_visible(s, PROVIDER_TOKEN_MAX) ? s : NULL;
}

/* There is one, and it is too long, or has characters that no token has. */
static bool is_unusable(const struct reading *r, const char *name)
{
	const char *s = json_slice_text(r->arena, json_slice_member(r->root, name));

	return s && *s && !is_visible(s, PROVIDER_TOKEN_MAX);
}

/* A number in a number or a text; 0: there is none that can be true. */
static int64_t whole(const struct reading *r, const char *name, int64_t most)
{
	const char *s = json_slice_word(r->arena, json_slice_member(r->root, name));
	int64_t n;

	return s && str_int(s, 1, most, &n) ? n : 0;
}

static int64_t expires_at(const struct reading *r)
{
	int64_t now = r->in->now, s = whole(r, "expires_in", LONGEST_S);

	if (s == 0) {
		s = whole(r, "expires_at", TIME_LAST / SECOND_MS) - now / SECOND_MS;
		if (s <= 0 || s > LONGEST_S)
			s = r->p->access_ttl;
	}
	return s == INT_NONE ? TIME_NONE : now + s * SECOND_MS;
}

/* --- scopes and identity ---------------------------------------------------------------------- */

static struct strings scopes(const struct reading *r)
{
	struct json_slice v = json_slice_member(r->root, "scope"), at = { 0 };
	const char **items = arena_alloc(r->arena, SCOPES_MAX * sizeof(*items));
	const char *text = json_slice_text(r->arena, v);
	size_t n = 0;

	if (!text && !(v.s && *v.s == '['))
		return (struct strings){ 0 };
	for (; text && n < SCOPES_MAX && *(text += strspn(text, " ,")); n++) {
		size_t len = strcspn(text, " ,");

		items[n] = arena_strndup(r->arena, text, len);
		text += len;
	}
	while (!text && n < SCOPES_MAX && json_slice_next(v, &at, NULL))
		if ((items[n] = json_slice_text(r->arena, at)))
			n++;
	return (struct strings){ items, n };
}

/* A claim of the payload of a JWT, which is read and not verified: it came over TLS from
 * the provider itself. */
static const char *claim(const char *jwt, const char *name, struct arena *arena)
{
	const char *from = jwt ? strchr(jwt, '.') : NULL, *to = from ? strchr(from + 1, '.') : NULL;
	struct json_slice payload;
	char *text;
	size_t n;

	if (!to)
		return NULL;
	n = (size_t)(to - from - 1);
	text = arena_alloc(arena, n + 1);
	if (!base64url_decode(arena_strndup(arena, from + 1, n), text, n, &n))
		return NULL;
	text[n] = '\0';
	return json_slice_read(text, n, &payload) ?
	       json_slice_word(arena, json_slice_member(payload, name)) : NULL;
}

static const char *identity_at(const char *field, struct json_slice root, struct arena *arena)
{
	const char *id = str_starts(field, "jwt:")
		? claim(json_slice_text(arena, json_slice_member(root, "access_token")), field + 4, arena)
		: json_slice_word(arena, json_slice_member(root, field));

	return is_visible(id, IDENTITY_MAX) ? id : NULL;
}

static const char *identity_in(const struct provider *p, struct json_slice root, struct arena *arena)
{
	const char *at = p->identity_field, *id = NULL;

	while (at && *at && !id) {
		size_t n = strcspn(at, "|");

		id = identity_at(arena_strndup(arena, at, n), root, arena);
		at += n + (at[n] == '|');
	}
	return id;
}

static struct json_slice root_of(const struct provider *p, struct json_slice all)
{
	return p->reply_root ? json_slice_member(all, p->reply_root) : all;
}

const char *reply_identity(const struct provider *p, const char *body, size_t n, struct arena *arena)
{
	struct json_slice all;

	return json_slice_read(body, n, &all) ? identity_in(p, root_of(p, all), arena) : NULL;
}

/* --- what it means ------------------------------------------------------------------------------ */

static const struct { const char *word; enum provider_outcome outcome; } errors[] = {
	{ "invalid_grant", REPLY_REFUSED },
	{ "invalid_client", REPLY_APP_BROKEN },
	{ "unauthorized_client", REPLY_REFUSED },   /* also of a token that another client was given */
	{ "temporarily_unavailable", REPLY_UNAVAILABLE },
	{ "server_error", REPLY_UNAVAILABLE },
	{ "slow_down", REPLY_LIMITED },
};

static enum provider_outcome outcome_of(const struct provider *p, const char *word,
					enum provider_outcome otherwise)
{
	if (word && strings_have(p->refused_words, word))
		return REPLY_REFUSED;
	if (word && strings_have(p->limited_words, word))
		return REPLY_LIMITED;
	for (size_t i = 0; word && i < sizeof(errors) / sizeof(errors[0]); i++)
		if (str_eq(errors[i].word, word))
			return errors[i].outcome;
	return otherwise;
}

/* For logs and states: a short word of the provider's, or the status. */
static const char *reason_of(const struct reading *r, const char *word)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

	if (word && *word && strlen(word) <= 40 && !word[strspn(word, letters)])
		return word;
	return arena_printf(r->arena, "http_%d", r->in->status);
}

/* The error of RFC 6749 section 5.2; NULL: the body has none. */
static const char *error_word(const struct reading *r)
{
	return json_slice_word(r->arena, json_slice_member(r->all, "error"));
}

static void take_tokens(const struct reading *r)
{
	struct provider_reply *out = r->out;
	bool extends = r->in->refreshes && provider_refresh_of(r->p) == REFRESH_EXTENDS;

	if (is_unusable(r, "access_token") || is_unusable(r, "refresh_token")) {
		out->reason = "token_unusable";
		return;
	}
	out->access_token = token(r, "access_token");
	if (!out->access_token && !extends)
		return;
	out->outcome = REPLY_OK;
	out->reason = "ok";
	out->refresh_token = token(r, "refresh_token");
	out->expires_at = expires_at(r);
	out->scopes = scopes(r);
	if (!r->p->identity_url)
		out->identity = identity_in(r->p, r->root, r->arena);
}

/* A reply with status 200 that its own field, or an error in it, takes back. */
static bool taken_back(const struct reading *r, const char **word_r)
{
	const struct provider *p = r->p;

	*word_r = error_word(r);
	if (!p->ok_field)
		return *word_r && !token(r, "access_token");
	*word_r = json_slice_word(r->arena, json_slice_member(r->all, p->ok_field));
	return !str_eq(*word_r, p->ok_value);
}

static void read_good(const struct reading *r)
{
	const char *word;

	r->out->reason = "not_json";
	if (!r->all.s || *r->all.s != '{')
		return;
	if (taken_back(r, &word)) {
		r->out->outcome = outcome_of(r->p, word, word ? REPLY_UNAVAILABLE : REPLY_UNREADABLE);
		r->out->reason = reason_of(r, word);
		return;
	}
	r->out->reason = "no_access_token";
	take_tokens(r);
}

/* 400 and 401 are the provider's own judgement; without a word for it they say nothing. */
static void read_bad(const struct reading *r)
{
	int status = r->in->status;
	const char *word = error_word(r);

	if (!word && r->p->ok_field)
		word = json_slice_word(r->arena, json_slice_member(r->all, r->p->ok_field));
	r->out->outcome = REPLY_UNAVAILABLE;
	if (status == 429)
		r->out->outcome = REPLY_LIMITED;
	else if (status == 400 || status == 401)
		r->out->outcome = outcome_of(r->p, word, REPLY_UNREADABLE);
	else if (status < 400)
		r->out->outcome = REPLY_UNREADABLE;
	r->out->reason = reason_of(r, status == 400 || status == 401 ? word : NULL);
}

void provider_reply_read(const struct provider *p, const struct provider_answer *in,
			 struct arena *arena, struct provider_reply *out)
{
	struct reading r = { .p = p, .in = in, .arena = arena, .out = out };
	bool waits;

	*out = (struct provider_reply){ .expires_at = TIME_NONE, .until = TIME_NONE };
	if (json_slice_read(in->body, in->body_len, &r.all))
		r.root = root_of(p, r.all);
	if (in->status >= 200 && in->status <= 299)
		read_good(&r);
	else
		read_bad(&r);
	waits = out->outcome == REPLY_LIMITED ||
		(out->outcome == REPLY_UNAVAILABLE && reply_header(in->headers, "Retry-After", arena));
	if (waits)
		out->until = reply_limited_until(p, in->headers, in->now);
}
