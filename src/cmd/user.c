/*
 * cmd/user.c - pierre user ...: accounts from the shell, through the same
 * op/user.c that the REST interface calls.
 */
#include "config.h"

#include "cmd/context.h"
#include "cmd/fail.h"
#include "cmd/secret.h"
#include "cmd/tables.h"
#include "op/password_reset.h"
#include "op/user.h"

static bool read_password(struct context *c, const char **out, struct err *err_r)
{
	return secret_read(c->args, c->password_fd, out, err_r);
}

/* --- make ------------------------------------------------------------------------ */

static bool create(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct user user = *(const struct user *)in;

	return read_password(c, &user.password, err_r) &&
	       op_user_create(&c->op, &user, out, err_r);
}

/* --- list ------------------------------------------------------------------------ */

struct list_options {
	const char *status;
	bool collisions;
};
static const struct field list_fields[] = {
	FIELD(struct list_options, status, TEXT, 0, "Only accounts in this state",
	      .values = user_status_words),
	FIELD(struct list_options, collisions, BOOL, 0,
	      "Only accounts whose e-mail address is another spelling of that of another account"),
	{ 0 },
};
static const struct field_schema list_schema =
	FIELD_SCHEMA("UserList", struct list_options, list_fields);

static const char *const columns[] = {
	"id", "email", "user_status", "tier", "role", "created_at", NULL,
}, *const collision_columns[] = {
	"canonical_email", "id", "email", "user_status", "created_at", "last_active", NULL,
};
enum { LIST_USERS, LIST_COLLISIONS, LIST__COUNT };
static const struct cmd_list lists[] = {
	[LIST_USERS] = { &user_schema, columns, NULL },
	[LIST_COLLISIONS] = { &user_collision_schema, collision_columns, NULL },
	[LIST__COUNT] = { 0 },
};

static bool list_collisions(struct context *c, const struct list_options *options,
			    struct cmd_page *page, struct err *err_r)
{
	if (options->status)
		return fail_usage(err_r, "--collisions lists accounts of every status: leave "
				  "--status out");
	page->list = &lists[LIST_COLLISIONS];
	return op_user_collisions(&c->op, scope_all(&c->op), &page->out.rows, err_r);
}

static bool list(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct list_options *options = in;
	struct cmd_page *page = out;
	const struct user_query query = { .page = page->in, .status = options->status };

	if (options->collisions)
		return list_collisions(c, options, page, err_r);
	return op_user_list(&c->op, scope_all(&c->op), &query, &page->out, err_r);
}

/* --- one user --------------------------------------------------------------------- */

static bool show(struct context *c, const void *in, void *out, struct err *err_r)
{
	(void)in;
	(void)err_r;
	*(struct user *)out = c->user;
	return true;
}

static bool approve(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct user_approve_in how = *(const struct user_approve_in *)in;
	struct tenant tenant = { 0 };

	how.create_default_tenant |= how.tenant_name || how.tenant_slug;
	return op_user_approve(&c->op, scope_all(&c->op), c->user.id, &how, out, &tenant, err_r);
}

static bool suspend(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct user_approve_in *why = in;

	return op_user_suspend(&c->op, scope_all(&c->op), c->user.id, why->reason, out, err_r);
}

static bool reset(struct context *c, const void *in, void *out, struct err *err_r)
{
	(void)in;
	return op_password_reset_create(&c->op, scope_all(&c->op), c->user.id, out, err_r);
}

static bool passwd(struct context *c, const void *in, void *out, struct err *err_r)
{
	const char *password;

	(void)in;
	*(struct user *)out = c->user;
	return read_password(c, &password, err_r) &&
	       op_password_set(&c->op, scope_all(&c->op), c->user.id, password, err_r);
}

const struct cmd user_commands[] = {
	{ .words = "user create", .operands = "EMAIL", .min_operands = 1, .max_operands = 1,
	  .stuck = ERR_CONFLICT, .next_step = "'pierre user list' shows it",
	  .needs = NEEDS_SCHEMA, .fn = create,
	  .in = &user_shell_schema, .password = true, .record = &user_schema,
	  .sentence = "Make an account that is active at once.",
	  .detail = "Without --tier it is starter, without --role a user; --admin is --role "
		    "super_admin. Without --password-file the password is asked for "
		    "on the terminal." },
	{ .words = "user list", .operands = "", .needs = NEEDS_SCHEMA, .fn = list,
	  .in = &list_schema, .lists = lists, .sentence = "List the accounts, newest first.",
	  .detail = "Versions before schema 8 made separate accounts of spellings that are one "
		    "address now: capital letters outside ASCII, composed and decomposed characters, "
		    "the two forms of an international domain. --collisions shows them, those of one "
		    "address together. Each user logs in with exactly the spelling of the account, and no "
		    "new account can have one of them; suspend those that are not needed." },
	{ .words = "user show", CMD_ON_USER, .needs = NEEDS_SCHEMA, .fn = show,
	  .record = &user_schema, .sentence = "Print a user.",
	  .detail = "USER is an id or an e-mail address." },
	{ .words = "user approve", CMD_ON_USER, .needs = NEEDS_SCHEMA, .fn = approve,
	  .in = &user_approve_schema, .record = &user_schema,
	  .sentence = "Approve a pending or suspended user.",
	  .detail = "USER is an id or an e-mail address. --tenant-name and --tenant-slug imply "
		    "--tenant." },
	{ .words = "user suspend", CMD_ON_USER, .needs = NEEDS_SCHEMA, .fn = suspend,
	  .in = &user_suspend_schema, .record = &user_schema,
	  .sentence = "Suspend a user: their sessions and keys are refused from the next request on.",
	  .detail = "USER is an id or an e-mail address. The last active super_admin cannot be "
		    "suspended." },
	{ .words = "user reset", CMD_ON_USER, .needs = NEEDS_SCHEMA, .fn = reset,
	  .record = &password_reset_shown_schema,
	  .sentence = "Print a token with which a user sets a new password, once within an hour.",
	  .detail = "USER is an id or an e-mail address. The user sends the token and a new password "
		    "to POST /api/auth/complete-reset, which ends all sessions." },
	{ .words = "user passwd", CMD_ON_USER, .needs = NEEDS_SCHEMA, .fn = passwd,
	  .password = true, .record = &user_schema,
	  .sentence = "Set a user's password and end all sessions of the user.",
	  .detail = "USER is an id or an e-mail address. Without --password-file the password is "
		    "asked for on the terminal." },
	{ 0 },
};
