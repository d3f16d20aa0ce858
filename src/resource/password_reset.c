/* resource/password_reset.c - a forgotten password. Rules: op/password_reset.h. */
#include "config.h"

#include "op/password_reset.h"
#include "resource/call.h"
#include "resource/routes.h"

static bool reset_create(struct call *call, struct err *err_r)
{
	struct password_reset reset;

	return op_password_reset_create(call->op, scope_all(call->op), call->params[0], &reset,
					err_r) &&
	       call_reply(call, &reset);
}

struct done_out {
	const char *message;
};
static const struct field done_fields[] = {
	ROW_MESSAGE(struct done_out),
	{ 0 },
};
static const struct field_schema done_schema =
	FIELD_SCHEMA("PasswordResetMessage", struct done_out, done_fields);

static bool reset_spend(struct call *call, struct err *err_r)
{
	return op_password_reset_spend(call->op, call->in, err_r) &&
	       call_reply(call, &(struct done_out){
			"Password changed, and all sessions ended: log in with the new one" });
}

const struct route password_reset_routes[] = {
	{ .method = HTTP_POST, .pattern = "/admin/users/{id}/reset-password",
	  .label = "admin_reset_password", .pool = POOL_SLOW, .guard = GUARD_ADMIN,
	  .permission = "manage_users", .fn = reset_create, .idempotent = true, .status = 201,
	  .out = &password_reset_shown_schema,
	  .summary = "Make a token with which the user sets a new password, good once for an hour" },
	{ .method = HTTP_POST, .pattern = "/api/auth/complete-reset",
	  .label = "auth_complete_reset", .pool = POOL_SLOW, .guard = GUARD_PUBLIC,
	  .fn = reset_spend, .body_max = BODY_SMALL, .in = &password_reset_in_schema,
	  .status = 200, .out = &done_schema,
	  .problems = ERR_BIT(ERR_AUTH_INVALID) | ERR_BIT(ERR_AUTH_EXPIRED) | ERR_BIT(ERR_RATE),
	  .summary = "Set a new password with the token that an administrator handed over" },
	{ 0 },
};
