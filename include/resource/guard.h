/*
 * resource/guard.h - who is calling. Credentials come from headers only, never
 * from a body or the query.
 */
#ifndef PIERRE_RESOURCE_GUARD_H
#define PIERRE_RESOURCE_GUARD_H

#include "resource/call.h"

/* Judge route->guard: fills call->op->actor and call->user from
 * `Authorization: Bearer <access token>`. Passes on GUARD_PUBLIC, and on
 * GUARD_CREDENTIAL, whose handler judges; without a guard: ERR_INTERNAL. */
bool guard_check(struct call *call, struct err *err_r);

/* What a request presents to be verified. */
struct credential {
	const char *text;
	bool is_key;       /* an API key, else an access token */
};

/* `Authorization: Bearer ...`, `Authorization: pk_...` or `X-API-Key`. Other
 * schemes are the upstream's business and count as nothing. None:
 * ERR_AUTH_REQUIRED reason missing; two that differ: ERR_AUTH_INVALID reason
 * ambiguous. */
bool guard_credential(const struct request *req, struct credential *out,
		      struct err *err_r);

#endif
