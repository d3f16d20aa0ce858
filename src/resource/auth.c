/*
 * Routes of a user's own account: register, log in, refresh, log out, change the
 * password. Rules are in op/user.c and op/session.c.
 */
#include "config.h"

#include "op/session.h"
#include "op/user.h"
#include "resource/call.h"
#include "resource/routes.h"

struct message_out {
	const char *message;
};

static const struct field message_fields[] = {
	ROW_MESSAGE(struct message_out),
	{ 0 },
};
static const struct field_schema message_schema =
	FIELD_SCHEMA("Message", struct message_out, message_fields);

/* --- register --------------------------------------------------------------- */

struct register_out {
	const char *user_id, *user_status, *message;
};

static const struct field register_out_fields[] = {
	FIELD(struct register_out, user_id, UUID, FIELD_REQUIRED, "The new user"),
	FIELD(struct register_out, user_status, TEXT, FIELD_REQUIRED,
	      "pending until an administrator approves, or active",
	      .values = user_status_words),
	FIELD(struct register_out, message, TEXT, FIELD_REQUIRED,
	      "What happens next, for a person"),
	{ 0 },
};
static const struct field_schema register_out_schema =
	FIELD_SCHEMA("Registered", struct register_out, register_out_fields);

static bool auth_register(struct call *call, struct err *err_r)
{
	struct user user;

	if (!op_user_register(call->op, call->in, &user, err_r))
		return false;
	return call_reply(call, &(struct register_out){
		.user_id = user.id,
		.user_status = user.user_status,
		.message = str_eq(user.user_status, "active")
			? "Registered; you can log in"
			: "Registered; an administrator must approve the account before you can log in",
	});
}

/* --- log in, refresh -------------------------------------------------------- */

static const struct field login_fields[] = {
	FIELD(struct login_in, email, TEXT, FIELD_REQUIRED, "Address of the account"),
	FIELD(struct login_in, password, TEXT, FIELD_REQUIRED | FIELD_SECRET, "Its password"),
	{ 0 },
};
static const struct field_schema login_schema =
	FIELD_SCHEMA("Login", struct login_in, login_fields);

struct refresh_in {
	const char *refresh_token, *token, *user_id;
};

static const struct field refresh_fields[] = {
	FIELD(struct refresh_in, refresh_token, TEXT, FIELD_SECRET,
	      "The refresh token of the last login or refresh"),
	FIELD(struct refresh_in, token, TEXT, FIELD_SECRET, "Another name of refresh_token"),
	FIELD(struct refresh_in, user_id, UUID, 0, "When given, must be the user of the session"),
	{ 0 },
};
static const struct field_schema refresh_schema =
	FIELD_SCHEMA("Refresh", struct refresh_in, refresh_fields);

struct tokens_out {
	const char *access_token, *jwt_token, *token_type, *refresh_token;
	int64_t expires_in, expires_at;
	const struct user *user;
};

static const char *const bearer_words[] = { "Bearer", NULL };

static const struct field tokens_fields[] = {
	FIELD(struct tokens_out, access_token, TEXT, FIELD_REQUIRED | FIELD_SECRET,
	      "Opaque token for the Authorization header"),
	FIELD(struct tokens_out, jwt_token, TEXT, FIELD_REQUIRED | FIELD_SECRET,
	      "The same token, under the name older clients read"),
	FIELD(struct tokens_out, token_type, TEXT, FIELD_REQUIRED, "Always Bearer", .values = bearer_words),
	FIELD(struct tokens_out, expires_in, INT, FIELD_REQUIRED, "Seconds that are left of the access token"),
	FIELD(struct tokens_out, expires_at, TIME, FIELD_REQUIRED, "When the access token ends"),
	FIELD(struct tokens_out, refresh_token, TEXT, FIELD_REQUIRED | FIELD_SECRET,
	      "Gives the next pair, and for 10 s the same one again"),
	FIELD(struct tokens_out, user, OBJECT, FIELD_REQUIRED, "Whose session it is",
	      .schema = &user_brief_schema),
	{ 0 },
};
static const struct field_schema tokens_schema =
	FIELD_SCHEMA("Tokens", struct tokens_out, tokens_fields);

static bool reply_tokens(struct call *call, const struct session_tokens *t,
			 const struct user *user)
{
	return call_reply(call, &(struct tokens_out){
		.access_token = t->access_token,
		.jwt_token = t->access_token,
		.token_type = "Bearer",
		.refresh_token = t->refresh_token,
		.expires_in = t->expires_in,
		.expires_at = t->expires_at,
		.user = user,
	});
}

static bool auth_login(struct call *call, struct err *err_r)
{
	struct session_tokens tokens;
	struct user user;

	if (!op_login(call->op, call->in, &tokens, &user, err_r))
		return false;
	return reply_tokens(call, &tokens, &user);
}

static const char *refresh_token(const struct refresh_in *in, struct err *err_r)
{
	if (in->refresh_token && in->token && !str_eq(in->refresh_token, in->token)) {
		err_field(err_r, ERR_INVALID, "token",
			  "token and refresh_token are the same thing and must not differ");
		return NULL;
	}
	if (!in->refresh_token && !in->token) {
		err_field(err_r, ERR_REQUIRED, "refresh_token", "refresh_token is required");
		return NULL;
	}
	return in->refresh_token ? in->refresh_token : in->token;
}

static bool auth_refresh(struct call *call, struct err *err_r)
{
	const struct refresh_in *in = call->in;
	const char *token = refresh_token(in, err_r);
	struct session_tokens tokens;
	struct user user;

	if (!token ||
	    !op_session_refresh(call->op, token, in->user_id, &tokens, &user, err_r))
		return false;
	return reply_tokens(call, &tokens, &user);
}

/* --- log out, password ------------------------------------------------------ */

/* some clients send {} with every POST */
struct nothing_in {
	bool none;
};
static const struct field nothing_fields[] = {
	{ 0 },
};
static const struct field_schema nothing_schema =
	FIELD_SCHEMA("Nothing", struct nothing_in, nothing_fields);

static bool auth_logout(struct call *call, struct err *err_r)
{
	if (!op_session_end(call->op, scope_own(call->op), call->op->actor.session_id, err_r))
		return false;
	return call_reply(call, &(struct message_out){ "Logged out" });
}

static const struct field password_fields[] = {
	FIELD(struct password_update_in, current_password, TEXT, FIELD_REQUIRED | FIELD_SECRET,
	      "The password until now"),
	FIELD(struct password_update_in, new_password, TEXT, FIELD_REQUIRED | FIELD_SECRET,
	      "At least PASSWORD_MIN_LENGTH characters, at most 72 bytes"),
	{ 0 },
};
static const struct field_schema password_schema =
	FIELD_SCHEMA("PasswordChange", struct password_update_in, password_fields);

static bool auth_password(struct call *call, struct err *err_r)
{
	if (!op_password_update(call->op, scope_own(call->op), call->in, err_r))
		return false;
	return call_reply(call, &(struct message_out){
		"Password changed; your other sessions have ended",
	});
}

const struct route auth_routes[] = {
	{ .method = HTTP_POST, .pattern = "/api/auth/register", .label = "auth_register",
	  .pool = POOL_SLOW, .guard = GUARD_PUBLIC, .fn = auth_register,
	  .body_max = BODY_SMALL, .in = &user_register_schema, .status = 201,
	  .out = &register_out_schema, .problems = ERR_BIT(ERR_CONFLICT) | ERR_BIT(ERR_RATE),
	  .summary = "Make an account" },
	{ .method = HTTP_POST, .pattern = "/api/auth/login", .label = "auth_login",
	  .pool = POOL_SLOW, .guard = GUARD_PUBLIC, .fn = auth_login,
	  .body_max = BODY_SMALL, .in = &login_schema, .status = 200,
	  .out = &tokens_schema,
	  .problems = ERR_BIT(ERR_AUTH_INVALID) | ERR_BIT(ERR_FORBIDDEN) | ERR_BIT(ERR_RATE),
	  .summary = "Begin a session with e-mail and password" },
	{ .method = HTTP_POST, .pattern = "/api/auth/refresh", .label = "auth_refresh",
	  .pool = POOL_SLOW, .guard = GUARD_PUBLIC, .fn = auth_refresh,
	  .body_max = BODY_SMALL, .in = &refresh_schema, .status = 200,
	  .out = &tokens_schema,
	  .problems = ERR_BIT(ERR_AUTH_INVALID) | ERR_BIT(ERR_AUTH_EXPIRED) |
		      ERR_BIT(ERR_FORBIDDEN),
	  .summary = "Exchange a refresh token for a new pair" },
	{ .method = HTTP_POST, .pattern = "/api/auth/logout", .label = "auth_logout",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = auth_logout,
	  .body_max = BODY_SMALL, .in = &nothing_schema, .status = 200,
	  .out = &message_schema, .problems = ERR_BIT(ERR_NOT_FOUND), .summary = "End this session" },
	{ .method = HTTP_POST, .pattern = "/api/auth/password", .label = "auth_password",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .fn = auth_password,
	  .body_max = BODY_SMALL, .in = &password_schema, .status = 200,
	  .out = &message_schema, .problems = ERR_BIT(ERR_NOT_FOUND) | ERR_BIT(ERR_RATE),
	  .summary = "Change the password and end the other sessions" },
	{ 0 },
};
