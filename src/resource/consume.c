/*
 * resource/consume.c - a request by a credential that is counted.
 */
#include "config.h"

#include "op/limit.h"
#include "op/usage.h"
#include "resource/consume.h"
#include "resource/limit.h"

static bool take(struct call *call, uint32_t cost, struct err *err_r)
{
	struct limit_outcome *limits = arena_new_struct(call->req->arena, struct limit_outcome);
	bool taken = op_usage_ready(call->op, err_r) &&
		     op_limit_consume(call->op, &call->credential, cost, limits, err_r);

	if (taken || limits->refused)
		call->limits = limits;
	return taken;
}

bool consume_take(struct call *call, const struct client_request *r, struct err *err_r)
{
	return take(call, r->cost, err_r);
}

void consume_give_back(struct call *call, const struct client_request *r)
{
	op_limit_refund(call->op, r->cost, call->limits);
}

bool consume_record(struct call *call, const struct client_request *r, struct err *err_r)
{
	const struct usage_of use = {
		.by = &call->credential, .route = r->route, .method = r->method, .cost = r->cost,
	};

	if (op_usage_record(call->op, &use, err_r))
		return true;
	consume_give_back(call, r);
	return false;
}

bool consume(struct call *call, const struct client_request *r, struct err *err_r)
{
	if (call->op->again)
		return take(call, 0, err_r);
	return consume_take(call, r, err_r) && consume_record(call, r, err_r);
}

void consume_show(struct call *call)
{
	struct err err;

	if (!take(call, 0, &err))
		call->limits = NULL;
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
