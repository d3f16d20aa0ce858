/*
 * GET /verify: is this credential good, and whose is it? Shaped for nginx's
 * auth_request: what an upstream needs stands in X-Pierre-* headers. Reads
 * only; when the database cannot answer, nothing is let through (R22).
 */
#include "config.h"

#include <string.h>

#include "op/key.h"
#include "op/session.h"
#include "resource/call.h"
#include "resource/guard.h"
#include "resource/routes.h"

struct subject {
	const char *auth;      /* "key" or "session" */
	const char *key_id, *user_id, *tenant_id, *tier, *scopes;
};

static const struct field subject_fields[] = {
	{ .name = "auth", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct subject, auth), .sentence = "key or session" },
	{ .name = "key_id", .type = FIELD_UUID, .flags = FIELD_NULLABLE,
	  .offset = FIELD_AT(struct subject, key_id), .sentence = "Id of the API key" },
	{ .name = "user_id", .type = FIELD_UUID, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct subject, user_id), .sentence = "Its owner" },
	{ .name = "tenant_id", .type = FIELD_UUID, .flags = FIELD_NULLABLE,
	  .offset = FIELD_AT(struct subject, tenant_id), .sentence = "The owner's tenant" },
	{ .name = "tier", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct subject, tier),
	  .sentence = "Tier of the key, or of the session's user" },
	{ .name = "scopes", .type = FIELD_STRINGS, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct subject, scopes), .sentence = "Scopes of the key" },
	{ 0 },
};
static const struct field_schema subject_schema = {
	"Verified", sizeof(struct subject), subject_fields, 0,
};

static bool subject_of_key(struct call *call, const char *text, struct subject *out,
			   struct err *err_r)
{
	struct api_key key;
	struct user user;

	if (!op_key_verify(call->op, text, &key, &user, err_r))
		return false;
	*out = (struct subject){ "key", key.id, user.id, user.tenant_id, key.tier,
				 key.scopes };
	return true;
}

static bool subject_of_session(struct call *call, const char *text, struct subject *out,
			       struct err *err_r)
{
	struct actor actor;
	struct user user;

	if (!op_session_check(call->op, text, &actor, &user, err_r))
		return false;
	*out = (struct subject){ "session", NULL, user.id, user.tenant_id, user.tier, "[]" };
	return true;
}

static bool identify(struct call *call, struct subject *out, struct err *err_r)
{
	struct credential c;

	if (!guard_credential(call->req, &c, err_r))
		return false;
	return c.is_key ? subject_of_key(call, c.text, out, err_r)
			: subject_of_session(call, c.text, out, err_r);
}

/* ["read","write"] -> read write. Scopes hold no spaces, quotes or escapes. */
static const char *scopes_joined(struct arena *arena, const char *json)
{
	struct strbuf b = { .arena = arena };

	strbuf_adds(&b, "");
	for (const char *p = json; *p; p++)
		if (*p == ',')
			strbuf_add(&b, " ", 1);
		else if (!strchr("[]\" ", *p))
			strbuf_add(&b, p, 1);
	return b.s;
}

/* The one way out with 200: everything that is let through passes here. */
static bool admit(struct call *call, const struct subject *s)
{
	const struct { const char *name, *value; } headers[] = {
		{ "X-Pierre-Auth", s->auth },
		{ "X-Pierre-Key-Id", s->key_id },
		{ "X-Pierre-User-Id", s->user_id },
		{ "X-Pierre-Tenant-Id", s->tenant_id },
		{ "X-Pierre-Tier", s->tier },
		{ "X-Pierre-Scopes", scopes_joined(call->req->arena, s->scopes) },
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (headers[i].value && *headers[i].value)
			response_header(call->res, headers[i].name, headers[i].value);
	return call_reply(call, s);
}

static bool verify_show(struct call *call, struct err *err_r)
{
	struct subject subject;

	if (!identify(call, &subject, err_r))
		return false;
	return admit(call, &subject);
}

const struct route verify_routes[] = {
	{ .method = HTTP_GET, .pattern = "/verify", .label = "verify", .pool = POOL_FAST,
	  .guard = GUARD_PUBLIC, .fn = verify_show, .status = 200, .out = &subject_schema,
	  .summary = "Judge the API key or access token of this request" },
	{ 0 },
};
