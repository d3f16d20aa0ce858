/*
 * A user's own sessions: list them, end one. Rules are in op/session.c.
 */
#include "config.h"

#include "op/session.h"
#include "resource/call.h"
#include "resource/routes.h"

struct session_list_out {
	struct field_list sessions;
};

static const struct field session_list_fields[] = {
	FIELD(struct session_list_out, sessions, LIST, FIELD_REQUIRED,
	      "Live sessions, newest first", .schema = &session_schema),
	{ 0 },
};
static const struct field_schema session_list_schema =
	FIELD_SCHEMA("SessionList", struct session_list_out, session_list_fields);

static bool session_list(struct call *call, struct err *err_r)
{
	struct session_list_out out;

	if (!op_session_list(call->op, scope_own(call->op), &out.sessions, err_r))
		return false;
	return call_reply(call, &out);
}

static bool session_end(struct call *call, struct err *err_r)
{
	if (!op_session_end(call->op, scope_own(call->op), call->params[0], err_r))
		return false;
	return call_reply(call, NULL);
}

const struct route session_routes[] = {
	{ .method = HTTP_GET, .pattern = "/api/auth/sessions", .label = "session_list",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = session_list, .status = 200,
	  .out = &session_list_schema, .summary = "Your live sessions" },
	{ .method = HTTP_DELETE, .pattern = "/api/auth/sessions/{id}",
	  .label = "session_end", .pool = POOL_SLOW, .guard = GUARD_SESSION,
	  .fn = session_end, .status = 204, .summary = "End one of your sessions" },
	{ 0 },
};
