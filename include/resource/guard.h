/*
 * resource/guard.h - who is calling. Credentials come from headers only, never
 * from a body or the query.
 */
#ifndef PIERRE_RESOURCE_GUARD_H
#define PIERRE_RESOURCE_GUARD_H

#include "resource/call.h"

/* Judge route->guard: fills call->credential, and call->op->actor where it acts in
 * its owner's name (all but GUARD_PUBLIC and GUARD_CREDENTIAL). Passes on GUARD_PUBLIC; without a
 * guard: ERR_INTERNAL. */
bool guard_check(struct call *call, struct err *err_r);

/* The query is read before this guard judges: a client may have put its credential there,
 * and an unknown parameter is refused by its name. */
bool guard_after_query(const struct route *route);

/* What GUARD_CREDENTIAL judges: `Authorization: Bearer ...`, the text alone for a
 * kind that may stand so (`pk_...`), or the header of a kind (X-API-Key). Other
 * schemes count as nothing. None: ERR_AUTH_REQUIRED reason missing; two that differ:
 * ERR_AUTH_INVALID reason ambiguous. */
bool guard_presented(const struct request *req, struct credential_text *out,
		     struct err *err_r);

#endif
