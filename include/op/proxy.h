/*
 * op/proxy.h - requests that nginx sends on to a provider with the tokens of who calls
 * (nginx/pierre-proxy.conf): which token goes along, and what the provider's refusals mean.
 */
#ifndef PIERRE_OP_PROXY_H
#define PIERRE_OP_PROXY_H

#include "model/provider.h"
#include "op/op.h"
#include "op/scope.h"

/* From a refresh on, for so long a 401 says something of the request and not of the token; not
 * of one that its owner has brought. */
#define PROXY_FRESH_MS (300 * SECOND_MS)

struct proxy_request {
	const struct provider *p;
	bool reads;            /* GET or HEAD */
	const char *refused;   /* mark of the token that the provider has answered 401; NULL = none */
};
struct proxy_lent {
	const char *authorization;   /* value of that header */
	const char *mark;            /* names the token, and says nothing of it */
};

/* A token that is good for a minute at least, and not the refused one: that is refreshed
 * first. The request is taken from the budgets of the provider. Errors of
 * op_connection_lend() and op_budget_take(); ERR_FORBIDDEN reason provider_refuses: no newer
 * token would help. */
bool op_proxy_lend(struct op *op, struct scope scope, const struct proxy_request *in,
		   struct proxy_lent *out, struct err *err_r);

/* The provider has answered 401, and the request cannot be sent again: the token is refreshed
 * all the same. False, always: ERR_UNAVAILABLE reason refresh_pending, or as above. */
bool op_proxy_refused(struct op *op, struct scope scope, const struct proxy_request *in,
		      struct err *err_r);

/* The provider has answered 429 with these headers ("name: value\n" each): its budget is shut
 * until it is over. False, always: ERR_RATE reason provider_limited, with retry_after; or it
 * could not be shut. */
bool op_proxy_limited(struct op *op, struct scope scope, const struct proxy_request *in,
		      const char *headers, struct err *err_r);

#endif
