/*
 * resource/consume.h - a request by a credential that is counted: its cost is taken from
 * each limit that applies, then it is written down; what cannot be written down is given
 * back and refused.
 */
#ifndef PIERRE_RESOURCE_CONSUME_H
#define PIERRE_RESOURCE_CONSUME_H

#include "resource/call.h"
#include "resource/subrequest.h"

/* A request that another service answers; one that is run again was counted before. Fills
 * call->limits. Errors as of op_limit_consume() and op_usage_record(). */
bool consume(struct call *call, const struct client_request *r, struct err *err_r);

/* The same in two steps, where something else may refuse the request after its limits: take,
 * then write it down or give it back. What is run again is taken anew. */
bool consume_take(struct call *call, const struct client_request *r, struct err *err_r);
bool consume_record(struct call *call, const struct client_request *r, struct err *err_r);
void consume_give_back(struct call *call, const struct client_request *r);
/* Takes nothing: call->limits, for the headers of an answer. */
void consume_show(struct call *call);

/* One that a route of ours answers, before its handler runs: cost 1, written down as
 * pierre:<label>, where the guard has let a credential in by its scope; a session is
 * not charged, and an internal route charges by itself. Adds the headers of limits. */
bool consume_route(struct call *call, struct err *err_r);

#endif
