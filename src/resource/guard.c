/*
 * Guards: who may call a route, judged from the Authorization header before
 * any body is parsed. Knows no rule about a resource; those are in op/.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "op/mutant.h"
#include "op/session.h"
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

static bool session_required(struct call *call, struct err *err_r)
{
	const char *header = request_param(call->req, "HTTP_AUTHORIZATION");
	const char *token;

	if (!header)
		return err_reason(err_r, ERR_AUTH_REQUIRED, "missing",
				  "This needs an Authorization header with a Bearer access token");
	token = bearer_token(call->req->arena, header);
	if (!token || !*token)
		return err_reason(err_r, ERR_AUTH_INVALID, "malformed",
				  "The Authorization header must be: Bearer <access token>");
	if (!op_session_check(call->op, token, &call->op->actor, &call->user, err_r))
		return false;
	call->op->actor.source = "rest";
	return true;
}

static bool admin_required(struct call *call, struct err *err_r)
{
	return call->op->actor.is_admin || mutant_value("admin") ||
	       err_set(err_r, ERR_FORBIDDEN, "Only an administrator may do this");
}

bool guard_check(struct call *call, struct err *err_r)
{
	mutant_begin(call->route->label);
	if (mutant_value("guard"))
		return true;
	switch (call->route->guard) {
	case GUARD_PUBLIC:
	case GUARD_CREDENTIAL:
		return true;
	case GUARD_SESSION:
		return session_required(call, err_r);
	case GUARD_ADMIN:
		return session_required(call, err_r) && admin_required(call, err_r);
	case GUARD_UNSET:
		break;
	}
	return err_set(err_r, ERR_INTERNAL, "This route has no guard");
}

static const char *authorization_credential(const struct request *req)
{
	const char *header = request_param(req, "HTTP_AUTHORIZATION");

	if (!header)
		return NULL;
	if (str_starts(header, "pk_"))
		return header;
	return bearer_token(req->arena, header);
}

bool guard_credential(const struct request *req, struct credential *out,
		      struct err *err_r)
{
	const char *bearer = authorization_credential(req);
	const char *key = request_param(req, "HTTP_X_API_KEY");
	const char *mutant = mutant_value("guard");

	if (mutant) {
		*out = (struct credential){ .text = mutant, .is_key = true };
		return true;
	}
	if (str_blank(bearer) && !key)
		return err_reason(err_r, ERR_AUTH_REQUIRED, "missing",
				  "No API key or access token was presented");
	if (!str_blank(bearer) && key && strcmp(bearer, key) != 0)
		return err_reason(err_r, ERR_AUTH_INVALID, "ambiguous",
				  "Authorization and X-API-Key hold two different credentials");
	*out = (struct credential){
		.text = key ? key : bearer,
		.is_key = key || str_starts(bearer, "pk_"),
	};
	return true;
}
