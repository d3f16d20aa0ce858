/*
 * resource/limit.h - limits as a client sees them: header fields and the body of
 * a 429.
 */
#ifndef PIERRE_RESOURCE_LIMIT_H
#define PIERRE_RESOURCE_LIMIT_H

#include "op/limit.h"
#include "resource/call.h"

/* RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-11) of
 * all limits, X-RateLimit-* of the tightest. Nothing when none applies. */
void limit_headers(struct call *call, const struct limit_outcome *out);

/* 429 (ERR_RATE of op_limit_consume): a "quota-exceeded" problem that names the
 * policy, limit, window, tier and what remains; the same header fields. */
void limit_refusal(struct call *call, const struct limit_outcome *out,
		   const struct err *err);

#endif
