/*
 * resource/connect.c - how a user connects a provider: a link, a page, the provider, a
 * callback. Rules: op/connect.h.
 *
 * The page names the account that will be connected: without it the link of an attacker
 * would tie the provider of the one who follows it to the attacker's account. So it also
 * gives the browser a cookie, without which the link on it does nothing: that link, sent to
 * a victim, is worth nothing. The callback does not wait for the caller: it sends the
 * browser on to a page that reloads until the caller has redeemed the code, so that neither
 * code nor state stays in the address, and no worker is held.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "op/connect.h"
#include "provider/request.h"
#include "resource/html.h"
#include "resource/provider.h"
#include "resource/routes.h"

#define PAGE_COOKIE "__Host-pierre-start-"
#define PAGE_COOKIE_TAIL 8
#define OUTCOME_PATH "/api/oauth/outcome/"
#define RELOAD_S 1

/* A cookie of this service, and a secret in a URL, have https alone. */
static bool is_secure(const struct call *call, struct err *err_r)
{
	return str_eq(request_param(call->req, "HTTPS"), "on") ||
	       err_reason(err_r, ERR_FORBIDDEN, "https", "Connecting a provider needs https, on localhost too: "
			  "the browser keeps its part of the secret in a cookie that only https has");
}

/* --- the link ---------------------------------------------------------------------------- */

static const struct field link_fields[] = {
	FIELD(struct connect_link, provider, TEXT, FIELD_REQUIRED, "The provider"),
	FIELD(struct connect_link, start_url, TEXT, FIELD_REQUIRED | FIELD_SECRET,
	      "Open it in the user's browser, once"),
	FIELD(struct connect_link, expires_at, TIME, FIELD_REQUIRED, "Its end"),
	FIELD(struct connect_link, scopes, STRINGS, FIELD_REQUIRED, "Scopes that will be asked for"),
	{ 0 },
};
static const struct field_schema link_schema =
	FIELD_SCHEMA("ConnectLink", struct connect_link, link_fields);

static bool connect_begin(struct call *call, struct err *err_r)
{
	struct connect_link out;
	struct provider p;

	return is_secure(call, err_r) && provider_named(call, call->params[0], &p, err_r) &&
	       op_connect_begin(call->op, scope_own(call->op), &p, &out, err_r) && call_reply(call, &out);
}

/* --- the page ---------------------------------------------------------------------------- */

struct start_query {
	const char *link;
	const char *page;      /* what the page has given the browser; NULL = it was not seen */
};
static const struct field start_fields[] = {
	FIELD(struct start_query, link, TEXT, FIELD_REQUIRED | FIELD_SECRET, "Of start_url", .min = 1, .max = 100),
	FIELD(struct start_query, page, TEXT, FIELD_NULLABLE | FIELD_SECRET, "Of the page", .max = 100),
	{ 0 },
};
static const struct field_schema start_schema =
	FIELD_SCHEMA("ConnectStart", struct start_query, start_fields);

static const char *page_cookie(const struct call *call, const struct start_query *q)
{
	return arena_printf(call->req->arena, PAGE_COOKIE "%.*s", PAGE_COOKIE_TAIL, q->link);
}

/* The parts of the page; the caller's array has HTML_END behind them. */
static bool offer(struct call *call, const struct connect_state *s, const struct connect_account *account,
		  const struct provider *p, struct err *err_r)
{
	const struct start_query *q = call->query;
	struct html_part *parts = arena_alloc(call->req->arena, (s->scopes_asked.n + 6) * sizeof(*parts));
	const char *nonce = op_connect_nonce(call->op);
	size_t n = 0;

	(void)err_r;
	parts[n++] = (struct html_part){ HTML_TEXT, arena_printf(call->req->arena,
		"The account %s in %s will get access to your data at %s.", account->email,
		account->tenant_name, p->title), NULL };
	parts[n++] = (struct html_part){ HTML_TEXT, "Go on only when this is your own account. It asks for:", NULL };
	for (size_t i = 0; i < s->scopes_asked.n; i++)
		parts[n++] = (struct html_part){ HTML_ITEM, s->scopes_asked.items[i], NULL };
	if (s->scopes_asked.n == 0)
		parts[n++] = (struct html_part){ HTML_ITEM, "what the provider grants this application", NULL };
	parts[n++] = (struct html_part){ HTML_LINK, arena_printf(call->req->arena, "Connect %s", p->title),
		arena_printf(call->req->arena, CONNECT_LINK_PATH "/go?link=%s&page=%s", q->link, nonce) };
	parts[n] = (struct html_part){ HTML_END, NULL, NULL };
	html_set_cookie(call, page_cookie(call, q), nonce,
			(int)(CONNECT_LINK_MS / SECOND_MS));
	return html_reply(call, 200, arena_printf(call->req->arena, "Connect %s", p->title), parts, 0);
}

static bool connect_start(struct call *call, struct err *err_r)
{
	const struct start_query *q = call->query;
	struct connect_account account;
	struct connect_state s;
	struct provider p;

	return (is_secure(call, err_r) && op_connect_look(call->op, q->link, &s, &account, err_r) &&
		provider_named(call, s.provider, &p, err_r) && offer(call, &s, &account, &p, err_r)) ||
	       html_error(call, "Not connected", err_r);
}

/* The page was seen by this browser. HEAD, as those who look at links send it, spends
 * nothing. */
static bool was_seen(const struct call *call, const struct start_query *q, struct err *err_r)
{
	if (call->req->method != HTTP_GET)
		return err_set(err_r, ERR_FORBIDDEN, "This link is for a browser, which sends GET");
	return op_connect_nonce_is(q->page, html_cookie(call, page_cookie(call, q))) ||
	       err_reason(err_r, ERR_FORBIDDEN, "page", "Open the link that you were given, and go on from its "
			  "page in the same browser");
}

static bool go(struct call *call, struct err *err_r)
{
	const struct start_query *q = call->query;
	struct connect_account account;
	struct connect_visit visit;
	struct connect_state s;
	struct provider p;

	if (!is_secure(call, err_r) || !was_seen(call, q, err_r) ||
	    !op_connect_look(call->op, q->link, &s, &account, err_r) ||
	    !provider_named(call, s.provider, &p, err_r) ||
	    !op_connect_follow(call->op, &p, q->link, &visit, err_r))
		return false;
	html_set_cookie(call, visit.cookie_name, visit.cookie, (int)(CONNECT_VISIT_MS / SECOND_MS));
	html_set_cookie(call, page_cookie(call, q), "", 0);
	return html_redirect(call, provider_visit_url(&p, &(struct provider_visit){
		visit.client_id, visit.redirect_uri, visit.state, visit.challenge, visit.scopes },
		call->req->arena), err_r);
}

static bool connect_go(struct call *call, struct err *err_r)
{
	return go(call, err_r) || html_error(call, "Not connected", err_r);
}

/* --- the callback ---------------------------------------------------------------------------- */

static const struct field callback_fields[] = {
	FIELD(struct connect_callback, state, TEXT, FIELD_NULLABLE | FIELD_SECRET, "That the provider was sent",
	      .max = 200),
	FIELD(struct connect_callback, code, TEXT, FIELD_NULLABLE | FIELD_SECRET, "To be redeemed", .max = 4000),
	FIELD(struct connect_callback, error, TEXT, FIELD_NULLABLE, "Why there is no code", .max = 200),
	FIELD(struct connect_callback, iss, TEXT, FIELD_NULLABLE, "Who answers (RFC 9207)", .max = 500),
	FIELD(struct connect_callback, scope, TEXT, FIELD_NULLABLE, "What was granted, of some providers",
	      .max = 2000),
	{ 0 },
};
static const struct field_schema callback_schema =
	FIELD_SCHEMA("ConnectCallback", struct connect_callback, callback_fields);

static bool call_back(struct call *call, struct err *err_r)
{
	struct connect_callback in = *(const struct connect_callback *)call->query;
	struct connect_state s;
	struct provider p;

	if (call->req->method != HTTP_GET)
		return err_set(err_r, ERR_FORBIDDEN, "A callback is GET");
	if (!is_secure(call, err_r) || !provider_named(call, call->params[0], &p, err_r))
		return false;
	if (in.state)
		in.cookie = html_cookie(call, arena_printf(call->req->arena, CONNECT_COOKIE "%.*s",
							   CONNECT_COOKIE_TAIL, in.state));
	return op_connect_call_back(call->op, &p, &in, &s, err_r) &&
	       html_redirect(call, arena_printf(call->req->arena, OUTCOME_PATH "%s?of=%.*s", s.id,
						CONNECT_COOKIE_TAIL, in.state), err_r);
}

static bool connect_called_back(struct call *call, struct err *err_r)
{
	return call_back(call, err_r) || html_error(call, "Not connected", err_r);
}

/* --- what came of it ---------------------------------------------------------------------------- */

struct outcome_query {
	const char *of;
};
static const struct field outcome_fields[] = {
	FIELD(struct outcome_query, of, TEXT, FIELD_REQUIRED, "The end of the cookie's name", .min = 8, .max = 8),
	{ 0 },
};
static const struct field_schema outcome_schema =
	FIELD_SCHEMA("ConnectOutcome", struct outcome_query, outcome_fields);

static const char *heading_of(const char *outcome)
{
	return !outcome ? "Connecting" : str_eq(outcome, OUTCOME_CONNECTED) ? "Connected" :
	       str_eq(outcome, OUTCOME_UNIDENTIFIED) ? "Almost connected" : "Not connected";
}

static bool show_outcome(struct call *call, const char *cookie, const struct connect_state *s)
{
	bool done = s->outcome != NULL;
	const struct html_part parts[] = {
		{ HTML_TEXT, done ? s->message : "The provider is being asked. This page shows what comes of it.",
		  NULL },
		{ HTML_TEXT, done ? "You can close this page." : "", NULL },
		{ HTML_END, NULL, NULL },
	};

	if (done)
		html_set_cookie(call, cookie, "", 0);
	return html_reply(call, 200, heading_of(s->outcome), parts, done ? 0 : RELOAD_S);
}

static bool connect_outcome(struct call *call, struct err *err_r)
{
	const struct outcome_query *q = call->query;
	const char *cookie = arena_printf(call->req->arena, CONNECT_COOKIE "%s", q->of);
	struct connect_state s;

	return (is_secure(call, err_r) &&
		op_connect_outcome(call->op, call->params[0], html_cookie(call, cookie), &s, err_r) &&
		show_outcome(call, cookie, &s)) ||
	       html_error(call, "Not connected", err_r);
}

#define PAGE_PROBLEMS (ERR_BIT(ERR_FORBIDDEN) | ERR_BIT(ERR_NOT_FOUND) | ERR_BIT(ERR_CONFLICT) | \
		       ERR_BIT(ERR_REQUIRED))

const struct route connect_routes[] = {
	{ .method = HTTP_POST, .pattern = "/api/oauth/connect/{provider}", .label = "oauth_connect",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = connect_begin, .status = 201,
	  .out = &link_schema, .idempotent = true, .problems = ERR_BIT(ERR_NOT_FOUND) | ERR_BIT(ERR_CONFLICT),
	  .summary = "A link that connects a provider to your account, for your browser" },
	{ .method = HTTP_GET, .pattern = "/api/oauth/start", .label = "oauth_start",
	  .pool = POOL_SLOW, .guard = GUARD_PUBLIC, .page = true, .problems = PAGE_PROBLEMS, .fn = connect_start, .query = &start_schema,
	  .status = 200, .summary = "The page behind the link: what will be connected to whom" },
	{ .method = HTTP_GET, .pattern = "/api/oauth/start/go", .label = "oauth_start_go",
	  .pool = POOL_SLOW, .guard = GUARD_PUBLIC, .page = true, .problems = PAGE_PROBLEMS, .fn = connect_go, .query = &start_schema,
	  .status = 303, .summary = "From that page to the provider; spends the link" },
	{ .method = HTTP_GET, .pattern = "/api/oauth/callback/{provider}", .label = "oauth_callback",
	  .pool = POOL_SLOW, .guard = GUARD_PUBLIC, .page = true, .problems = PAGE_PROBLEMS, .fn = connect_called_back,
	  .query = &callback_schema, .other_query = true, .status = 303,
	  .summary = "Where a provider sends the browser back; spends state and cookie" },
	{ .method = HTTP_GET, .pattern = "/api/oauth/outcome/{id}", .label = "oauth_outcome",
	  .pool = POOL_SLOW, .guard = GUARD_PUBLIC, .page = true, .problems = PAGE_PROBLEMS, .fn = connect_outcome, .query = &outcome_schema,
	  .status = 200, .summary = "What came of it, for the browser that did it" },
	{ 0 },
};
