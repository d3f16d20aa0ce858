/* model/provider.c - the fields of a provider, and what its words mean. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/str.h"
#include "model/provider.h"

static const char *const auth_words[] = { "body", "basic", NULL };
static const char *const separator_words[] = { " ", ",", "", NULL };
static const char *const granted_words[] = { "reply", "callback", "none", NULL };
static const char *const pkce_words[] = { "none", "S256", NULL };
static const char *const method_words[] = { "POST", "GET", "DELETE", NULL };
static const char *const revoke_auth_words[] = { "none", "body", "basic", "bearer", NULL };
static const char *const kills_words[] = { "grant", "token", NULL };
static const char *const auth_calls_words[] = { "counted", "free", NULL };
static const char *const headers_words[] = { "none", "quarter_day", "reset", NULL };
/* in the order of their enums */
static const char *const refresh_words[] = { "rotates", "same", "extends", "none", NULL };
static const char *const replay_words[] = { "lethal", "safe_until_used", "safe", NULL };
static const char *const keepalive_words[] = { "no", "yes", NULL };

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define LETTERS LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define PORT_MAX 65535
/* RFC 3986, without '@' and '#'; {user} is the provider's id of the user */
#define URL_REST LETTERS DIGITS "-._~:/?[]!$&'()*+,;=%{}"

/* --- what texts must be like ---------------------------------------------------------------- */

static bool id_check(const char *text, const char *name, struct err *err_r)
{
	return text[strspn(text, LOWER DIGITS "-")] == '\0' ||
	       err_field(err_r, ERR_INVALID, name, "%s is made of a-z, 0-9 and -", name);
}

static bool url_check(const char *text, const char *name, struct err *err_r)
{
	const char *host = str_starts(text, "https://") ? text + strlen("https://") : "";
	size_t n = strspn(host, LOWER DIGITS "-.");
	size_t port = host[n] == ':' ? 1 + strspn(host + n + 1, DIGITS) : 0;
	long number = port > 0 ? strtol(host + n + 1, NULL, 10) : 0;
	const char *rest = host + n + port;

	return (n > 0 && (port == 0 || (number > 0 && number <= PORT_MAX)) &&
		(*rest == '\0' || *rest == '/' || *rest == '?') && rest[strspn(rest, URL_REST)] == '\0') ||
	       err_field(err_r, ERR_INVALID, name, "%s must be https://HOST[:PORT][/PATH] with a host in "
			 "lower case and a port from 1 to 65535, without user, # and white space", name);
}

/* nginx adds the path of a request to it, and reads it in its own configuration. */
static bool base_check(const char *text, const char *name, struct err *err_r)
{
	size_t n = strlen(text);

	return url_check(text, name, err_r) &&
	       ((!text[strspn(text, LETTERS DIGITS "-._~:/")] && !strstr(text, "/.") && text[n - 1] != '/') ||
		err_field(err_r, ERR_INVALID, name, "%s must be https://HOST[:PORT][/PATH] with a path of letters, "
			  "digits, - _ . and ~ that does not end in /", name));
}

static bool param_check(const char *text, const char *name, struct err *err_r)
{
	size_t n = strspn(text, LETTERS DIGITS "-_.");

	return (n > 0 && text[n] == '=') ||
	       err_field(err_r, ERR_INVALID, name, "%s takes NAME=VALUE", name);
}

static bool budget_check(const char *text, const char *name, struct err *err_r)
{
	struct provider_budget b;

	return provider_budget_read(text, &b) ||
	       err_field(err_r, ERR_INVALID, name, "%s takes [read|user|token] COUNT/minute, /quarter (of an "
			 "hour), /hour, /day or /Ns", name);
}

#define TEXT_MAX 2000
#define ENTRY (FIELD_PATCH | FIELD_NULLABLE)
#define URL(member, sentence) \
	FIELD(struct provider, member, TEXT, ENTRY, sentence, .min = 1, .max = TEXT_MAX, .check = url_check)
#define WORD(member, words, sentence) \
	FIELD(struct provider, member, TEXT, ENTRY, sentence, .values = words)
#define PLAIN(member, sentence) \
	FIELD(struct provider, member, TEXT, ENTRY, sentence, .min = 1, .max = TEXT_MAX)
#define PARAMS(member, sentence) \
	FIELD(struct provider, member, STRINGS, ENTRY, sentence, .max = 20, .check = param_check)
#define LIST(member, sentence) FIELD(struct provider, member, STRINGS, ENTRY, sentence, .max = 50)
#define SECONDS(member, sentence) \
	FIELD(struct provider, member, INT, ENTRY, sentence, .min = 1, .max = 315360000)

static const struct field provider_fields[] = {
	FIELD(struct provider, id, TEXT, FIELD_MUST(FIELD_PATCH), "The provider, as paths name it",
	      .min = 2, .max = 30, .check = id_check),
	PLAIN(title, "What people call it; null = id"),
	URL(authorize_url, "Where a browser is sent to; without it the provider cannot be connected"),
	URL(token_url, "Gives tokens for a code"),
	URL(refresh_url, "Gives tokens for a refresh token; null = token_url"),
	FIELD(struct provider, api_url, TEXT, ENTRY, "Where requests with its tokens go (pierre-proxy.conf); null = "
	      "nowhere", .min = 1, .max = TEXT_MAX, .check = base_check),
	URL(issuer, "What `iss` in the callback must be (RFC 9207); null = not compared"),
	WORD(client_auth, auth_words, "How the application proves itself: body (id and secret there) or basic"),
	WORD(scope_separator, separator_words, "Between scopes in the request; \"\" = none are sent"),
	LIST(scopes, "Asked for when a user connects"),
	WORD(scopes_granted, granted_words, "Where the granted ones stand: in the reply, in the callback, or none"),
	WORD(pkce, pkce_words, "S256 (RFC 7636) or none"),
	PARAMS(authorize_params, "More for authorize_url"),
	PARAMS(token_params, "More for token_url"),
	PARAMS(refresh_params, "More for refresh_url; null = token_params"),
	SECONDS(code_ttl, "Seconds that a code lives: one that has waited longer is not sent; null = not known"),
	URL(revoke_url, "Ends tokens; null = it cannot be asked to"),
	WORD(revoke_method, method_words, "The method of that"),
	WORD(revoke_auth, revoke_auth_words, "Who asks: the application (body, basic), the user's token "
	     "(bearer), or none"),
	PLAIN(revoke_token, "Parameter that names the token; null = none does"),
	PARAMS(revoke_params, "More for revoke_url; {client_id} is the application's"),
	WORD(revoke_kills, kills_words, "What is over then: the token, or all that the user granted (grant)"),
	URL(identity_url, "Says who the user is; null = the token reply does"),
	PLAIN(identity_field, "Where that stands: member, member.member, or jwt:claim of the access token; with | "
	      "between several, the first that is there"),
	URL(after_connect_url, "POST that is due once after connecting; null = none"),
	PLAIN(after_connect_body, "JSON of that; {connection} is the id of the connection"),
	PLAIN(reply_root, "Member of the reply that holds the tokens; null = the reply itself"),
	PLAIN(ok_field, "Member that says whether a reply with status 200 is one; null = none"),
	PLAIN(ok_value, "What it is when all is well"),
	WORD(refresh, refresh_words, "What a refresh does: rotates (a new refresh token), same (keeps it), "
	     "extends (only the end moves), or none"),
	WORD(replay, replay_words, "A refresh token that is sent again is safe, safe_until_used (until the "
	     "new access token is used), or lethal"),
	SECONDS(margin, "Seconds before its end from which on a token is refreshed"),
	SECONDS(access_ttl, "Seconds that an access token lives when the reply does not say it"),
	WORD(keepalive, keepalive_words, "Refresh ahead, what was used in the last 7 days: yes, or no (only when a "
	     "request comes)"),
	FIELD(struct provider, serial, BOOL, FIELD_PATCH, "Refreshes of one application go one after the other, on "
	      "all hosts: for a provider that refuses some of those that come at once"),
	FIELD(struct provider, budgets, STRINGS, ENTRY, "Most requests of an application: \"200/quarter\"",
	      .max = 10, .check = budget_check),
	WORD(auth_calls, auth_calls_words, "Whether requests to its token endpoints count in its budgets: counted "
	     "(also when left out) or free"),
	WORD(rate_headers, headers_words, "X-RateLimit headers of a 429: quarter_day (two windows), reset "
	     "(seconds), or none"),
	LIST(refused_words, "Errors besides invalid_grant that refuse a code or refresh token"),
	LIST(limited_words, "Errors that mean: too many requests"),
	FIELD(struct provider, starts_on, TIME, ENTRY, "From when on this entry is valid; null = always"),
	FIELD(struct provider, retired_on, TIME, ENTRY, "From when on it cannot be used any more"),
	PLAIN(successor, "The provider that took its place"),
	LIST(unverified, "What of this nobody has seen: the cautious value stands there"),
	PLAIN(notes, "For operators"),
	{ 0 },
};
const struct field_schema provider_schema =
	FIELD_SCHEMA("Provider", struct provider, provider_fields);
const struct field_schema provider_entry_schema =
	FIELD_VIEW("ProviderEntry", struct provider, provider_fields, FIELD_PATCH);

/* --- words ---------------------------------------------------------------------------------- */

/* The first one when it is none of them: the cautious one. */
static int word_of(const char *const *words, const char *text)
{
	for (int i = 0; words[i]; i++)
		if (str_eq(words[i], text))
			return i;
	return 0;
}

enum provider_replay provider_replay_of(const struct provider *p)
{
	return (enum provider_replay)word_of(replay_words, p->replay);
}

enum provider_refresh provider_refresh_of(const struct provider *p)
{
	return (enum provider_refresh)word_of(refresh_words, p->refresh);
}

enum provider_keepalive provider_keepalive_of(const struct provider *p)
{
	return (enum provider_keepalive)word_of(keepalive_words, p->keepalive);
}

bool provider_open(const struct provider *p, int64_t now, struct err *err_r)
{
	char day[TIME_TEXT];

	if (p->retired_on != TIME_NONE && now >= p->retired_on) {
		time_format(p->retired_on, day);
		return err_reason(err_r, ERR_CONFLICT, "retired", "%s ended on %.10s%s%s",
				  p->title, day, p->successor ? "; its successor is " : "",
				  p->successor ? p->successor : "");
	}
	return (p->authorize_url && p->token_url) ||
	       err_reason(err_r, ERR_CONFLICT, "not_configured", "%s has no authorize_url or token_url yet: "
			  "an entry of PROVIDERS_FILE gives them", p->title);
}

/* --- budgets -------------------------------------------------------------------------------- */

static bool window_read(const char *text, int64_t *s_r)
{
	static const struct { const char *word; int64_t s; } windows[] = {
		{ "minute", 60 }, { "quarter", 900 }, { "hour", 3600 }, { "day", 86400 },
	};
	char digits[12];
	size_t n = strlen(text);

	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++)
		if (str_eq(text, windows[i].word)) {
			*s_r = windows[i].s;
			return true;
		}
	if (n < 2 || n > sizeof(digits) || text[n - 1] != 's')
		return false;
	str_copy(digits, n, text);
	return str_int(digits, 1, 31536000, s_r);
}

bool provider_budget_read(const char *text, struct provider_budget *out)
{
	static const char *const whose[] = { "read ", "user ", "token " };
	static const char *const of[] = { "read", "user", "token" };
	const char *slash;
	char count[20];

	*out = (struct provider_budget){ .of = "" };
	for (size_t i = 0; i < sizeof(whose) / sizeof(whose[0]); i++)
		if (str_starts(text, whose[i])) {
			out->of = of[i];
			text += strlen(whose[i]);
			break;
		}
	slash = strchr(text, '/');
	if (!slash || (size_t)(slash - text) >= sizeof(count))
		return false;
	str_copy(count, (size_t)(slash - text) + 1, text);
	return str_int(count, 1, INT64_C(1000000000), &out->limit) && window_read(slash + 1, &out->window);
}
