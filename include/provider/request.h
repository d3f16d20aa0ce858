/*
 * provider/request.h - the requests that a provider is sent, by its row: RFC 6749 sections
 * 4.1.1, 4.1.3 and 6, RFC 7009, RFC 7636. Pure. What spends something is in the body.
 */
#ifndef PIERRE_PROVIDER_REQUEST_H
#define PIERRE_PROVIDER_REQUEST_H

#include "base/arena.h"
#include "model/provider.h"

/* The application at the provider. */
struct provider_client {
	const char *client_id, *client_secret;
};

/* For a struct outbound_call. It lives on the arena, which wipes. */
struct provider_request {
	const char *method, *url;
	const char *const *headers;   /* NULL at the end */
	const char *body;             /* NULL = none */
	size_t body_len;
};

/* Where a browser is sent. challenge: NULL without PKCE. */
struct provider_visit {
	const char *client_id, *redirect_uri, *state, *challenge;
	struct strings scopes;
};
const char *provider_visit_url(const struct provider *p, const struct provider_visit *v,
			       struct arena *arena);

/* For a code. verifier: NULL without PKCE. */
void provider_code_request(const struct provider *p, const struct provider_client *client,
			   const char *code, const char *redirect_uri, const char *verifier,
			   struct arena *arena, struct provider_request *out);
/* For a refresh token. */
void provider_refresh_request(const struct provider *p, const struct provider_client *client,
			      const char *refresh_token, struct arena *arena,
			      struct provider_request *out);

/* Who is it? False: the provider has no such request. */
bool provider_identity_request(const struct provider *p, const char *access_token,
			       struct arena *arena, struct provider_request *out);
/* What is due once after connecting. False: nothing. */
bool provider_after_request(const struct provider *p, const char *access_token,
			    const char *connection_id, struct arena *arena,
			    struct provider_request *out);
/* End the tokens. refresh_token and user_id may be NULL. False: the provider cannot be asked
 * to, or not without what is missing here. */
struct provider_ended {
	const char *access_token, *refresh_token, *user_id;
};
bool provider_revoke_request(const struct provider *p, const struct provider_client *client,
			     const struct provider_ended *ended, struct arena *arena,
			     struct provider_request *out);

#endif
