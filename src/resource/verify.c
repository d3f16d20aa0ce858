/*
 * GET /verify: is this credential good, whose is it, and is there room left
 * under his limits? Shaped for nginx's auth_request: what an upstream needs
 * stands in X-Pierre-* headers. What is let through was counted and is on its
 * way to the recorder; when that cannot be done, nothing is let through (R22).
 */
#include "config.h"

#include <string.h>

#include "op/key.h"
#include "op/limit.h"
#include "op/session.h"
#include "op/usage.h"
#include "resource/call.h"
#include "resource/guard.h"
#include "resource/limit.h"
#include "resource/routes.h"
#include "resource/subrequest.h"

struct subject {
	const char *auth;      /* "key" or "session" */
	const char *key_id, *user_id, *tenant_id, *tier;
	struct strings scopes;
};

static const char *const auth_words[] = { "key", "session", NULL };

static const struct field subject_fields[] = {
	FIELD(struct subject, auth, TEXT, FIELD_REQUIRED, "key or session",
	      .values = auth_words),
	FIELD(struct subject, key_id, UUID, FIELD_NULLABLE, "Id of the API key"),
	FIELD(struct subject, user_id, UUID, FIELD_REQUIRED, "Its owner"),
	FIELD(struct subject, tenant_id, UUID, FIELD_NULLABLE, "The owner's tenant"),
	FIELD(struct subject, tier, TEXT, FIELD_REQUIRED,
	      "Tier of the key, or of the session's user", .values = tier_words),
	FIELD(struct subject, scopes, STRINGS, FIELD_REQUIRED, "Scopes of the key"),
	{ 0 },
};
static const struct field_schema subject_schema =
	FIELD_SCHEMA("Verified", struct subject, subject_fields);

/* --- who ------------------------------------------------------------------------ */

struct caller {
	const struct api_key *key;      /* NULL: a session */
	struct api_key key_row;
	struct user user;
	struct subject subject;
};

static bool caller_of_key(struct call *call, const char *text, struct caller *out,
			  struct err *err_r)
{
	const struct api_key *key = &out->key_row;
	const struct user *user = &out->user;

	if (!op_key_verify(call->op, text, &out->key_row, &out->user, err_r))
		return false;
	out->key = key;
	out->subject = (struct subject){ "key", key->id, user->id, user->tenant_id,
					 key->tier, key->scopes };
	return true;
}

static bool caller_of_session(struct call *call, const char *text, struct caller *out,
			      struct err *err_r)
{
	const struct user *user = &out->user;
	struct actor actor;

	if (!op_session_check(call->op, text, &actor, &out->user, err_r))
		return false;
	out->key = NULL;
	out->subject = (struct subject){ "session", NULL, user->id, actor.tenant_id,
					 user->tier, strings_empty };
	return true;
}

static bool identify(struct call *call, struct caller *out, struct err *err_r)
{
	struct credential c;

	if (!guard_credential(call->req, &c, err_r))
		return false;
	return c.is_key ? caller_of_key(call, c.text, out, err_r)
			: caller_of_session(call, c.text, out, err_r);
}

/* --- may he --------------------------------------------------------------------- */

/* Scopes are what a key may do; a session may all that its user may. */
static bool scope_check(const struct caller *c, const char *scope, struct err *err_r)
{
	if (!scope || !c->key || strings_have(c->key->scopes, scope))
		return true;
	return err_reason(err_r, ERR_FORBIDDEN, "scope",
			  "The API key lacks the scope %s", scope);
}

/* Taken, then written down; what cannot be written down is given back. */
static bool charge(struct call *call, const struct caller *c,
		   const struct subject_request *r, struct limit_outcome *limits,
		   struct err *err_r)
{
	const struct usage_of use = {
		.key = c->key, .user = &c->user, .tenant_id = c->subject.tenant_id,
		.route = r->route, .method = r->method, .cost = r->cost,
	};

	if (!op_usage_ready(call->op, err_r) ||
	    !op_limit_take(call->op, c->key, &c->user, r->cost, limits, err_r))
		return false;
	if (op_usage_record(call->op, &use, err_r))
		return true;
	op_limit_untake(call->op, r->cost, limits);
	return false;
}

static bool reply(struct call *call, const struct subject *s)
{
	const struct { const char *name, *value; } headers[] = {
		{ "X-Pierre-Auth", s->auth },
		{ "X-Pierre-Key-Id", s->key_id },
		{ "X-Pierre-User-Id", s->user_id },
		{ "X-Pierre-Tenant-Id", s->tenant_id },
		{ "X-Pierre-Tier", s->tier },
		{ "X-Pierre-Scopes", strings_join(call->req->arena, s->scopes, " ") },
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (headers[i].value && *headers[i].value)
			response_header(call->res, headers[i].name, headers[i].value);
	return call_reply(call, s);
}

/* The one way out with 200: everything that is let through passes here. */
static bool admit(struct call *call, struct limit_outcome *limits, struct err *err_r)
{
	struct subject_request asked;
	struct caller caller;

	if (!identify(call, &caller, err_r) ||
	    !subrequest_read(call->req, &asked, err_r) ||
	    !scope_check(&caller, asked.scope, err_r) ||
	    !charge(call, &caller, &asked, limits, err_r))
		return false;
	limit_headers(call, limits);
	return reply(call, &caller.subject);
}

static bool verify_show(struct call *call, struct err *err_r)
{
	struct limit_outcome limits = { 0 };

	if (admit(call, &limits, err_r))
		return true;
	op_usage_refused(call->op, err_r);
	if (!limits.refused)
		return false;
	limit_refusal(call, &limits, err_r);
	return true;
}

const struct route verify_routes[] = {
	{ .method = HTTP_GET, .pattern = "/verify", .label = "verify", .pool = POOL_FAST,
	  .guard = GUARD_CREDENTIAL, .fn = verify_show, .status = 200, .out = &subject_schema,
	  .summary = "Judge the API key or access token of this request" },
	{ 0 },
};
