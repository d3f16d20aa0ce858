/*
 * Routes of administrators: first setup, list of users, approval, suspension. Bodies are
 * {success, message, ...} as the original's (R28). Rules: op/user.c.
 */
#include "config.h"

#include "op/session.h"
#include "op/user.h"
#include "resource/call.h"
#include "resource/list.h"
#include "resource/routes.h"

/* --- first setup ------------------------------------------------------------ */

struct setup_out {
	const char *user_id, *admin_token, *message;
	int64_t expires_at;
};

static const struct field setup_out_fields[] = {
	FIELD(struct setup_out, user_id, UUID, FIELD_REQUIRED, "The administrator"),
	FIELD(struct setup_out, admin_token, TEXT, FIELD_REQUIRED | FIELD_SECRET,
	      "Access token of that user"),
	FIELD(struct setup_out, expires_at, TIME, FIELD_REQUIRED,
	      "When the token ends; log in for another"),
	ROW_MESSAGE(struct setup_out),
	{ 0 },
};
static const struct field_schema setup_out_schema =
	FIELD_SCHEMA("AdminSetupDone", struct setup_out, setup_out_fields);

static bool admin_setup(struct call *call, struct err *err_r)
{
	struct session_tokens tokens;
	struct user user;

	if (!op_admin_setup(call->op, call->in, &user, err_r) ||
	    !op_session_create(call->op, &user, &tokens, err_r))
		return false;
	return call_reply(call, &(struct setup_out){
		.user_id = user.id,
		.admin_token = tokens.access_token,
		.expires_at = tokens.expires_at,
		.message = "The first administrator was made",
	});
}

struct setup_status_out {
	bool needs_setup, admin_user_exists;
	const char *message;
};

static const struct field setup_status_fields[] = {
	FIELD(struct setup_status_out, needs_setup, BOOL, FIELD_REQUIRED,
	      "POST /admin/setup is waited for"),
	FIELD(struct setup_status_out, admin_user_exists, BOOL, FIELD_REQUIRED,
	      "There is an administrator"),
	FIELD(struct setup_status_out, message, TEXT, FIELD_REQUIRED, "The same, for a person"),
	{ 0 },
};
static const struct field_schema setup_status_schema =
	FIELD_SCHEMA("AdminSetupStatus", struct setup_status_out, setup_status_fields);

static bool admin_setup_status(struct call *call, struct err *err_r)
{
	bool exists;

	if (!op_admin_exists(call->op, &exists, err_r))
		return false;
	return call_reply(call, &(struct setup_status_out){
		.needs_setup = !exists,
		.admin_user_exists = exists,
		.message = exists ? "An administrator exists"
				  : "There is no administrator yet; run `pierre admin setup-token`",
	});
}

/* --- users ------------------------------------------------------------------ */

static const struct field_schema user_page_schema =
	DATA_PAGE_SCHEMA("UserPage", "users", user, "Newest first");
static const struct field_schema user_list_reply_schema =
	DATA_REPLY_SCHEMA("UserList", user_page, "The page");

static bool reply_users(struct call *call, const struct user_query *in, struct err *err_r)
{
	const char *status = in->status ? in->status : "";
	struct page_out page;

	return op_user_list(call->op, scope_all(call->op), in, &page, err_r) &&
	       data_page_reply(call, &page, arena_printf(call->req->arena, "%s%suser", status,
							 *status ? " " : ""));
}

static bool admin_users(struct call *call, struct err *err_r)
{
	return reply_users(call, call->query, err_r);
}

static bool admin_pending_users(struct call *call, struct err *err_r)
{
	const struct page_in *page = call->query;

	return reply_users(call, &(struct user_query){ .page = *page, .status = "pending" }, err_r);
}

/* --- approve, suspend ------------------------------------------------------- */

struct user_reply {
	bool success;
	const char *message;
	const struct user *user;
	const struct tenant *tenant_created;
};

#define USER_REPLY_ROWS \
	ROW_SUCCESS(struct user_reply), \
	ROW_MESSAGE(struct user_reply), \
	FIELD(struct user_reply, user, OBJECT, FIELD_REQUIRED, "The user as he is now", \
	      .schema = &user_schema)

static const struct field approved_fields[] = {
	USER_REPLY_ROWS,
	FIELD(struct user_reply, tenant_created, OBJECT, FIELD_NULLABLE,
	      "The tenant that was made, null when none was", .schema = &tenant_schema),
	{ 0 },
};
static const struct field_schema approved_schema =
	FIELD_SCHEMA("UserApproved", struct user_reply, approved_fields);

static bool admin_approve(struct call *call, struct err *err_r)
{
	struct tenant tenant = { 0 };
	struct user user;

	if (!op_user_approve(call->op, scope_all(call->op), call->params[0], call->in, &user,
			     &tenant, err_r))
		return false;
	return call_reply(call, &(struct user_reply){
		.success = true,
		.message = user.approved_at == call->op->now ? "User approved"
							     : "The user was active already",
		.user = &user,
		.tenant_created = tenant.id ? &tenant : NULL,
	});
}

static const struct field user_reply_fields[] = {
	USER_REPLY_ROWS,
	{ 0 },
};
static const struct field_schema user_reply_schema =
	FIELD_SCHEMA("UserReply", struct user_reply, user_reply_fields);

static bool admin_suspend(struct call *call, struct err *err_r)
{
	const struct user_approve_in *in = call->in;
	struct user user;

	if (!op_user_suspend(call->op, scope_all(call->op), call->params[0], in->reason, &user,
			     err_r))
		return false;
	return call_reply(call, &(struct user_reply){
		.success = true, .message = "User suspended", .user = &user,
	});
}

/* --- one user --------------------------------------------------------------- */

static bool admin_user(struct call *call, struct err *err_r)
{
	struct user user;

	if (!op_user_get(call->op, scope_all(call->op), call->params[0], &user, err_r))
		return false;
	return call_reply(call, &(struct user_reply){
		.success = true, .message = "User found", .user = &user,
	});
}

static bool admin_user_patch(struct call *call, struct err *err_r)
{
	struct user user;

	if (!op_user_update(call->op, scope_all(call->op), call->params[0], call->in, &call->given,
			   &user, err_r))
		return false;
	return call_reply(call, &(struct user_reply){
		.success = true, .message = "User changed", .user = &user,
	});
}

const struct route admin_routes[] = {
	{ .method = HTTP_POST, .pattern = "/admin/setup", .label = "admin_setup",
	  .pool = POOL_SLOW, .guard = GUARD_PUBLIC, .fn = admin_setup,
	  .body_max = BODY_SMALL, .in = &user_setup_schema, .status = 201,
	  .out = &setup_out_schema,
	  .problems = ERR_BIT(ERR_AUTH_INVALID) | ERR_BIT(ERR_CONFLICT) | ERR_BIT(ERR_RATE),
	  .summary = "Make the first administrator with the one-time token" },
	{ .method = HTTP_GET, .pattern = "/admin/setup-status",
	  .label = "admin_setup_status", .pool = POOL_SLOW, .guard = GUARD_PUBLIC,
	  .fn = admin_setup_status, .status = 200, .out = &setup_status_schema,
	  .summary = "Is there an administrator?" },
	{ .method = HTTP_GET, .pattern = "/admin/users", .label = "admin_users",
	  .pool = POOL_SLOW, .guard = GUARD_ADMIN,
	  .permission = "manage_users", .fn = admin_users,
	  .query = &user_query_schema, .status = 200, .out = &user_list_reply_schema,
	  .summary = "Users, of one status or all, or the one of an address" },
	{ .method = HTTP_GET, .pattern = "/admin/users/{id}", .label = "admin_user",
	  .pool = POOL_SLOW, .guard = GUARD_ADMIN, .permission = "manage_users",
	  .fn = admin_user, .status = 200, .out = &user_reply_schema, .summary = "A user" },
	{ .method = HTTP_PATCH, .pattern = "/admin/users/{id}", .label = "admin_user_patch",
	  .pool = POOL_SLOW, .guard = GUARD_ADMIN, .permission = "manage_users",
	  .fn = admin_user_patch, .body_max = BODY_SMALL, .in = &user_patch_schema,
	  .status = 200, .out = &user_reply_schema, .problems = ERR_BIT(ERR_CONFLICT),
	  .summary = "Change the status, the tier or the default tenant of a user; his role only "
		     "as a super_admin" },
	{ .method = HTTP_GET, .pattern = "/admin/pending-users",
	  .label = "admin_pending_users", .pool = POOL_SLOW, .guard = GUARD_ADMIN,
	  .permission = "manage_users",
	  .fn = admin_pending_users, .query = &page_in_schema, .status = 200,
	  .out = &user_list_reply_schema, .summary = "Users waiting for approval" },
	{ .method = HTTP_POST, .pattern = "/admin/approve-user/{id}",
	  .label = "admin_approve_user", .pool = POOL_SLOW, .guard = GUARD_ADMIN,
	  .permission = "manage_users",
	  .fn = admin_approve, .idempotent = true, .body_max = BODY_SMALL, .in = &user_approve_schema,
	  .status = 200, .out = &approved_schema, .problems = ERR_BIT(ERR_CONFLICT),
	  .summary = "Let a pending or suspended user in" },
	{ .method = HTTP_POST, .pattern = "/admin/suspend-user/{id}",
	  .label = "admin_suspend_user", .pool = POOL_SLOW, .guard = GUARD_ADMIN,
	  .permission = "manage_users",
	  .fn = admin_suspend, .body_max = BODY_SMALL, .in = &user_suspend_schema,
	  .status = 200, .out = &user_reply_schema, .problems = ERR_BIT(ERR_CONFLICT),
	  .summary = "Keep a user out from the next request on" },
	{ 0 },
};
