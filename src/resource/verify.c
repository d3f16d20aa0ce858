/*
 * GET /verify: is this credential good, who is its owner, and is something left of their
 * limits? Made for nginx's auth_request: what an upstream needs is in X-Pierre-* headers.
 * A request that is let through was counted, and its usage row is on the way to the
 * recorder; when that cannot be done, nothing is let through (R22).
 */
#include "config.h"

#include <string.h>

#include "op/usage.h"
#include "resource/call.h"
#include "resource/consume.h"
#include "resource/limit.h"
#include "resource/routes.h"
#include "resource/subrequest.h"

struct verified {
	const char *auth, *key_id, *user_id, *tenant_id, *tier;
	struct strings scopes;
};

static const struct field verified_fields[] = {
	FIELD(struct verified, auth, TEXT, FIELD_REQUIRED, "Kind of the credential",
	      .values = credential_words),
	FIELD(struct verified, key_id, UUID, FIELD_NULLABLE, "Id of the API key"),
	FIELD(struct verified, user_id, UUID, FIELD_REQUIRED, "Its owner"),
	FIELD(struct verified, tenant_id, UUID, FIELD_NULLABLE, "The tenant it works in"),
	FIELD(struct verified, tier, TEXT, FIELD_REQUIRED,
	      "Tier of the key, or of the session's user", .values = tier_words),
	FIELD(struct verified, scopes, STRINGS, FIELD_REQUIRED, "Scopes of the key"),
	{ 0 },
};
static const struct field_schema verified_schema =
	FIELD_SCHEMA("Verified", struct verified, verified_fields);

/* --- scope and limits ----------------------------------------------------------- */

/* A location may demand several scopes, with one blank between. */
static bool holds(const struct credential *c, const char *demanded, struct arena *arena)
{
	if (!strchr(demanded, ' '))
		return strings_have(c->scopes, demanded);
	return strings_within(strings_split(arena, demanded, ' '), c->scopes);
}

static bool scope_check(const struct credential *c, const char *scope, struct arena *arena,
			struct err *err_r)
{
	return !scope || c->all_scopes || holds(c, scope, arena) ||
	       err_reason(err_r, ERR_FORBIDDEN, "scope", "The %s lacks the scope %s",
			  c->kind->title, scope);
}

static bool reply(struct call *call, const struct client_request *asked)
{
	const struct credential *c = &call->credential;
	const struct verified out = { c->kind->name, c->key_id, c->owner->id, c->tenant_id,
				      c->tier, c->scopes };
	const struct { const char *name, *value; } headers[] = {
		{ "X-Pierre-Auth", out.auth },
		{ "X-Pierre-Key-Id", out.key_id },
		{ "X-Pierre-User-Id", out.user_id },
		{ "X-Pierre-Tenant-Id", out.tenant_id },
		{ "X-Pierre-Tier", out.tier },
		{ "X-Pierre-Scopes", strings_join(call->req->arena, out.scopes, " ") },
	};

	limit_headers(call, call->limits);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (headers[i].value && *headers[i].value)
			response_header(call->res, headers[i].name, headers[i].value);
	return call_reply(call, asked->subrequest ? NULL : &out);
}

/* The one way out with 200: everything that is let through passes here. */
static bool verify_show(struct call *call, struct err *err_r)
{
	struct client_request asked;

	if (subrequest_read(call->req, &asked, err_r) &&
	    scope_check(&call->credential, asked.scope, call->req->arena, err_r) &&
	    consume(call, &asked, err_r))
		return reply(call, &asked);
	op_usage_refused(call->op, err_r);
	return false;
}

const struct route verify_routes[] = {
	{ .method = HTTP_GET, .pattern = "/verify", .label = "verify", .pool = POOL_FAST,
	  .guard = GUARD_CREDENTIAL, .fn = verify_show, .status = 200, .out = &verified_schema,
	  .summary = "Judge the API key or access token of this request" },
	{ 0 },
};
