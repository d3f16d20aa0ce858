/* resource/user.c - the account of who calls. Rules: op/user.h. */
#include "config.h"

#include "op/user.h"
#include "resource/call.h"
#include "resource/routes.h"

static bool user_show(struct call *call, struct err *err_r)
{
	struct user user;

	return op_user_own(call->op, scope_own(call->op), &user, err_r) && call_reply(call, &user);
}

static bool user_rename(struct call *call, struct err *err_r)
{
	struct user user;

	return op_user_rename(call->op, scope_own(call->op), call->in, &call->given, &user,
			      err_r) &&
	       call_reply(call, &user);
}

const struct route user_routes[] = {
	{ .method = HTTP_GET, .pattern = "/api/user", .label = "user_show", .pool = POOL_SLOW,
	  .guard = GUARD_SCOPED, .scope = "profile:read", .fn = user_show, .status = 200,
	  .out = &user_own_schema, .problems = ERR_BIT(ERR_NOT_FOUND),
	  .summary = "Your account, and the tenant that the session or key works in" },
	{ .method = HTTP_PATCH, .pattern = "/api/user", .label = "user_rename", .pool = POOL_SLOW,
	  .guard = GUARD_SESSION, .fn = user_rename, .body_max = BODY_SMALL,
	  .in = &user_rename_schema, .status = 200, .out = &user_own_schema,
	  .problems = ERR_BIT(ERR_NOT_FOUND), .summary = "Change what you are called" },
	{ 0 },
};
