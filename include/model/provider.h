/*
 * model/provider.h - another service that gives Pierre tokens of its users by OAuth 2.0
 * (RFC 6749), and where it departs from that: a row of src/provider/providers.json.
 */
#ifndef PIERRE_MODEL_PROVIDER_H
#define PIERRE_MODEL_PROVIDER_H

#include "base/field.h"

struct provider {
	const char *id, *title;
	const char *authorize_url, *token_url;   /* NULL: cannot be connected */
	const char *refresh_url;                 /* NULL = token_url */
	const char *api_url, *issuer;
	const char *client_auth;
	const char *scope_separator;             /* "": none are sent */
	struct strings scopes;
	const char *scopes_granted;
	const char *pkce;
	struct strings authorize_params, token_params, refresh_params;   /* name=value each */
	int64_t code_ttl;                        /* s; INT_NONE = not known */
	const char *revoke_url, *revoke_method, *revoke_auth, *revoke_token, *revoke_kills;
	struct strings revoke_params;
	const char *identity_url, *identity_field;
	const char *after_connect_url, *after_connect_body;
	const char *reply_root, *ok_field, *ok_value;
	const char *refresh, *replay;
	int64_t margin, access_ttl;              /* s */
	const char *keepalive;
	bool serial;
	struct strings budgets;
	const char *auth_calls;
	const char *rate_headers;
	struct strings refused_words, limited_words;
	int64_t starts_on, retired_on;
	const char *successor;
	struct strings unverified;
	const char *notes;
};

extern const struct field_schema provider_schema;
/* An entry of the file: what it names, over what the row had. */
extern const struct field_schema provider_entry_schema;

/* Zero is the cautious value of each. */
enum provider_replay { REPLAY_LETHAL, REPLAY_SAFE_UNTIL_USED, REPLAY_SAFE };
enum provider_refresh { REFRESH_ROTATES, REFRESH_SAME, REFRESH_EXTENDS, REFRESH_NONE };
enum provider_keepalive { KEEPALIVE_NO, KEEPALIVE_YES };

enum provider_replay provider_replay_of(const struct provider *p);
enum provider_refresh provider_refresh_of(const struct provider *p);
enum provider_keepalive provider_keepalive_of(const struct provider *p);

/* May it be connected at that moment (wall ms)? If not: a sentence, "Fitbit ended on ..." */
bool provider_open(const struct provider *p, int64_t now, struct err *err_r);

/* One of `budgets`: "200/quarter", "read 100/quarter", "user 300/minute", "token 5000/300s". */
struct provider_budget {
	const char *of;        /* "" = the application; read = its reads; user, token = each one's */
	int64_t limit;
	int64_t window;        /* s; aligned with UTC: a quarter (of an hour) begins at :00, :15, ... */
};
bool provider_budget_read(const char *text, struct provider_budget *out);

#endif
