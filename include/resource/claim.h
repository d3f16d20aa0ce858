/*
 * resource/claim.h - the Idempotency-Key of a request: the handler of a route whose row
 * is idempotent runs once, and a repeat within a day gets the first reply again.
 */
#ifndef PIERRE_RESOURCE_CLAIM_H
#define PIERRE_RESOURCE_CLAIM_H

#include "resource/call.h"

/* Run the handler of the route, or fill the reply from the request that this one repeats
 * (Idempotency-Replayed: true). Guard, query and body were judged. A failure is not kept.
 * ERR_INVALID field Idempotency-Key: not 1 to 255 visible characters of ASCII, bare or in
 * double quotes. */
bool claim_handler(struct call *call, struct err *err_r);

#endif
