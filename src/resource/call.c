/*
 * One REST request from route to reply: method, guard, query, body, handler,
 * errors. No resource is known here; the route's row says everything.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "http/json.h"
#include "http/problem.h"
#include "op/claim.h"
#include "op/token_use.h"
#include "resource/call.h"
#include "resource/claim.h"
#include "resource/consume.h"
#include "resource/guard.h"
#include "resource/limit.h"
#include "resource/version.h"

#define ENCODED "encoded"
#define BODY_TYPICAL 400

bool call_reply(struct call *call, const void *out)
{
	struct strbuf b = { .arena = call->req->arena };

	call->res->status = call->route->status;
	if (!call->route->out || !out)
		return true;
	strbuf_grow(&b, BODY_TYPICAL);
	json_write(&b, call->route->out, out);
	response_body(call->res, "application/json", b.s, b.len);
	version_reply(call, out);
	return true;
}

/* With the id of what was made, when its reply is gone. */
static void reply_problem(struct call *call, const struct err *err)
{
	const char *made = call->op->claim ? call->op->claim->made : NULL;

	problem_reply_with(call->res, call->req->request_id, err, NULL, (struct problem_member[]){
		{ .name = made ? "made" : NULL, .text = made }, { 0 } });
}

static void reply_error(struct call *call, const struct err *err)
{
	const char *cause = call->res->cause;

	/* a handler may have begun a reply before it failed */
	response_init(call->res, call->req->arena);
	call->res->cause = cause;
	if (call->limits && call->limits->refused)
		limit_refusal(call, call->limits, err);
	else
		reply_problem(call, err);
	if (call->limits && !call->limits->refused)   /* what was written down stays charged */
		limit_headers(call, call->limits);
	/* RFC 9110 section 12.5.3: not on a 415 that has another cause */
	if (err->kind == ERR_MEDIA_TYPE && str_eq(err->reason, ENCODED))
		response_header(call->res, "Accept-Encoding", "identity");
}

static void reply_unrouted(struct call *call, const struct route_match *match)
{
	struct err err;

	if (!match->allow) {
		err_set(&err, ERR_NOT_FOUND, "There is nothing at this path");
		reply_error(call, &err);
		return;
	}
	if (call->req->method == HTTP_OPTIONS) {
		call->res->status = 204;
	} else {
		err_set(&err, ERR_METHOD, "This path does not take this method; it takes %s",
			match->allow);
		reply_error(call, &err);
	}
	response_header(call->res, "Allow", match->allow);
}

/* application/json, with or without charset=utf-8 (RFC 8259 has no other) */
static bool is_json_type(const char *type)
{
	static const char json[] = "application/json";

	if (strncasecmp(type, json, sizeof(json) - 1) != 0)
		return false;
	type += sizeof(json) - 1;
	type += strspn(type, " \t");
	if (!*type)
		return true;
	if (*type++ != ';')
		return false;
	type += strspn(type, " \t");
	return !*type || strcasecmp(type, "charset=utf-8") == 0 ||
	       strcasecmp(type, "charset=\"utf-8\"") == 0;
}

static bool has_required(const struct field_schema *schema)
{
	for (const struct field *f = schema->fields; f->name; f++)
		if (field_shown(schema, f) && field_required(schema, f))
			return true;
	return false;
}

static bool check_coding(const struct request *req, struct err *err_r)
{
	const char *coding = request_param(req, "HTTP_CONTENT_ENCODING");

	return !coding || strcasecmp(coding, "identity") == 0 ||
	       err_reason(err_r, ERR_MEDIA_TYPE, ENCODED, "The body must be sent as it is, without "
			  "a Content-Encoding such as gzip");
}

static bool read_body(struct call *call, struct err *err_r)
{
	const struct field_schema *schema = call->route->in;
	const struct request *req = call->req;
	const char *body = req->body;
	size_t n = req->body_len;
	void *in;

	if (!schema)
		return true;
	if (n == 0 && !has_required(schema)) {
		body = "{}";   /* a body that may be left out */
		n = 2;
	} else if (!check_coding(req, err_r)) {
		return false;
	} else if (!is_json_type(req->content_type)) {
		return err_set(err_r, ERR_MEDIA_TYPE,
			       "The body must be sent as Content-Type: application/json");
	}
	in = arena_alloc(req->arena, schema->size);
	call->in = in;
	return json_read(body, n, schema, req->arena, in, &call->given, err_r);
}

static bool read_query(struct call *call, struct err *err_r)
{
	const struct field_schema *schema = call->route->query;
	void *query = schema ? arena_alloc(call->req->arena, schema->size) : NULL;

	call->query = query;
	return call->route->other_query ? request_query_known(call->req, schema, query, err_r)
					: request_query(call->req, schema, query, err_r);
}

static bool is_whole(const struct route *r, struct err *err_r)
{
	return route_is_whole(r) ||
	       err_set(err_r, ERR_INTERNAL, "The row of the route %s is not whole",
		       r->label ? r->label : r->pattern);
}

static bool may_call(struct call *call, struct err *err_r)
{
	if (guard_after_query(call->route))
		return read_query(call, err_r) && guard_check(call, err_r);
	return guard_check(call, err_r) && read_query(call, err_r);
}

static bool run_handler(struct call *call, struct err *err_r)
{
	return call->route->idempotent ? claim_handler(call, err_r) : call->route->fn(call, err_r);
}

void call_run(struct call *call, const struct route_match *match)
{
	struct err err = { .kind = ERR_NONE };

	call->route = match->route;
	call->params = match->params;
	if (!match->route) {
		reply_unrouted(call, match);
		return;
	}
	if (!is_whole(match->route, &err) || !may_call(call, &err) || !read_body(call, &err) ||
	    !version_asked(call, &err) || !consume_route(call, &err) || !run_handler(call, &err))
		reply_error(call, &err);
	if (!token_use_end(call->op, call->res->status, &err))
		reply_error(call, &err);
	if (err.kind != ERR_NONE)   /* it may name what a client took for a name */
		explicit_bzero(&err, sizeof(err));
}
