/*
 * resource/consume.c - a request by a credential that is counted.
 */
#include "config.h"

#include "op/limit.h"
#include "op/usage.h"
#include "resource/consume.h"
#include "resource/limit.h"

bool consume(struct call *call, const struct client_request *r, struct err *err_r)
{
	const struct usage_of use = {
		.by = &call->credential, .route = r->route, .method = r->method, .cost = r->cost,
	};
	struct limit_outcome *limits = arena_new_struct(call->req->arena, struct limit_outcome);
	bool again = call->op->again;
	bool charged = op_usage_ready(call->op, err_r) &&
		       op_limit_consume(call->op, use.by, again ? 0 : r->cost, limits, err_r);

	if (charged && !again && !op_usage_record(call->op, &use, err_r)) {
		op_limit_refund(call->op, r->cost, limits);
		charged = false;
	}
	if (charged || limits->refused)
		call->limits = limits;
	return charged;
}

bool consume_route(struct call *call, struct err *err_r)
{
	const struct credential *c = &call->credential;
	struct client_request r = { .method = http_method_names[call->req->method], .cost = 1 };

	if (call->route->guard != GUARD_SCOPED || call->route->internal || !c->kind || c->all_scopes)
		return true;
	r.route = arena_printf(call->req->arena, "pierre:%s", call->route->label);
	if (consume(call, &r, err_r)) {
		limit_headers(call, call->limits);
		return true;
	}
	op_usage_refused(call->op, err_r);
	return false;
}
