/*
 * Guards: who may call a route, judged from its headers before any body is parsed.
 * Knows no rule about a resource and no kind of credential; those are in op/.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "op/mutant.h"
#include "op/tenant.h"
#include "op/token_use.h"
#include "op/usage.h"
#include "resource/guard.h"

#define BEARER "bearer "

/* The part after "Bearer", without spaces around it; NULL = another scheme. */
static const char *bearer_token(struct arena *arena, const char *header)
{
	size_t n;

	if (strncasecmp(header, BEARER, strlen(BEARER)) != 0)
		return NULL;
	header += strlen(BEARER);
	header += strspn(header, " ");
	n = strlen(header);
	while (n > 0 && header[n - 1] == ' ')
		n--;
	return arena_strndup(arena, header, n);
}

/* The token of Authorization alone. */
static bool bearer_presented(const struct request *req, struct credential_text *out,
			     struct err *err_r)
{
	const char *header = request_param(req, "HTTP_AUTHORIZATION");
	const char *token;

	if (!header)
		return err_reason(err_r, ERR_AUTH_REQUIRED, "missing",
				  "This needs an Authorization header with a Bearer access token");
	token = bearer_token(req->arena, header);
	if (!token || !*token)
		return err_reason(err_r, ERR_AUTH_INVALID, "malformed",
				  "The Authorization header must be: Bearer <access token>");
	*out = (struct credential_text){ .text = token };
	return true;
}

/* NULL = it holds none. Other schemes are the upstream's business. */
static const char *authorization_text(const struct request *req)
{
	const char *header = request_param(req, "HTTP_AUTHORIZATION");
	const struct credential_kind *kind = header ? credential_kind_of(header) : NULL;
	const char *text = header && !(kind && kind->bare) ? bearer_token(req->arena, header)
							   : header;

	return str_blank(text) ? NULL : text;
}

bool guard_presented(const struct request *req, struct credential_text *out,
		     struct err *err_r)
{
	*out = (struct credential_text){ .text = authorization_text(req) };
	for (size_t i = 0; credential_kinds[i]; i++) {
		const char *param = credential_kinds[i]->param;
		const char *text = param ? request_param(req, param) : NULL;

		if (text && out->text && strcmp(text, out->text) != 0)
			return err_reason(err_r, ERR_AUTH_INVALID, "ambiguous",
					  "Two headers hold two different credentials: send one");
		if (text)
			*out = (struct credential_text){ text, credential_kinds[i] };
	}
	return out->text || err_reason(err_r, ERR_AUTH_REQUIRED, "missing",
				       "No API key or access token was presented");
}

static bool role_required(const struct call *call, enum role role, struct err *err_r)
{
	return call->op->actor.role >= role || mutant_value("admin") ||
	       err_reason(err_r, ERR_FORBIDDEN, "role", role == ROLE_ADMIN
			  ? "Only an administrator may do this" : "Only a super_admin may do this");
}

static bool permission_required(const struct call *call, struct err *err_r)
{
	const char *permission = call->route->permission;

	return !permission || call->credential.all_scopes || str_eq(permission, PERMISSION_ANY) ||
	       mutant_value("permission") || strings_have(call->credential.scopes, permission) ||
	       err_reason(err_r, ERR_FORBIDDEN, "permission", "This needs the permission %s",
			  permission);
}

/* The role of who calls, as it is now; a change judges it again, under its lock. */
static bool tenant_required(struct call *call, struct err *err_r)
{
	const unsigned may = call->route->tenant.may;

	switch (call->route->tenant.place) {
	case PLACE_ANY:
		return true;
	case PLACE_OWN:
		return tenant_role_required(call->op, may, err_r);
	case PLACE_NAMED:
		return op_tenant_enter(call->op, call->params[0], may, &call->membership, err_r);
	}
	return err_set(err_r, ERR_INTERNAL, "This route has no place");
}

/* Its scopes were words for other services alone until it opens routes. */
static bool scope_required(struct call *call, struct err *err_r)
{
	const struct credential *c = &call->credential;

	return c->all_scopes || (c->opens_rest && strings_have(c->scopes, call->route->scope)) ||
	       err_reason(err_r, ERR_FORBIDDEN, "scope",
			  "The %s does not open this route: it needs the scope %s", c->kind->title,
			  call->route->scope);
}

static const struct guard {
	bool anybody;
	bool (*presented)(const struct request *req, struct credential_text *out,
			  struct err *err_r);
	enum credential_use use;
	bool after_query;
	bool counted;          /* op_usage_refused() */
	bool scoped;           /* a credential that may not all must hold route->scope */
	enum role role;        /* that its owner has at least */
} guards[] = {
	[GUARD_PUBLIC] = { .anybody = true },
	[GUARD_CREDENTIAL] = { .presented = guard_presented, .use = CREDENTIAL_VERIFY,
			       .after_query = true, .counted = true },
	[GUARD_SESSION] = { .presented = bearer_presented, .use = CREDENTIAL_ACT },
	[GUARD_SCOPED] = { .presented = guard_presented, .use = CREDENTIAL_SCOPED, .scoped = true },
	[GUARD_ADMIN] = { .presented = bearer_presented, .use = CREDENTIAL_ADMIN,
			  .role = ROLE_ADMIN },
	[GUARD_SUPER_ADMIN] = { .presented = bearer_presented, .use = CREDENTIAL_ACT,
				.role = ROLE_SUPER_ADMIN },
};

/* A number that has no row is that of no guard: it opens nothing. */
static const struct guard *guard_of(const struct route *route)
{
	bool known = (size_t)route->guard < sizeof(guards) / sizeof(guards[0]);

	return &guards[known ? route->guard : GUARD_UNSET];
}

static bool identify(struct call *call, const struct guard *g, const char *mutant,
		     struct err *err_r)
{
	struct credential_text presented = { .text = mutant };

	if ((mutant || g->presented(call->req, &presented, err_r)) &&
	    op_credential_check(call->op, &presented, g->use, &call->credential, err_r))
		return true;
	if (g->counted)
		op_usage_refused(call->op, err_r);
	return false;
}

bool guard_after_query(const struct route *route)
{
	return guard_of(route)->after_query;
}

bool guard_check(struct call *call, struct err *err_r)
{
	const struct guard *g = guard_of(call->route);
	const char *mutant;

	mutant_begin(call->route->label);
	mutant = mutant_value("guard");
	if (g->anybody || (mutant && !*mutant))
		return true;
	if (!g->presented)
		return err_set(err_r, ERR_INTERNAL, "This route has no guard");
	if (!identify(call, g, mutant, err_r))
		return false;
	if (g->scoped && !scope_required(call, err_r))
		return false;
	if (g->use != CREDENTIAL_VERIFY)
		call->op->actor = credential_actor(&call->credential, "rest");
	token_use_begin(call->op, call->route->label, call->params ? call->params[0] : NULL,
			call->route->status);
	return role_required(call, g->role, err_r) && permission_required(call, err_r) &&
	       tenant_required(call, err_r);
}
