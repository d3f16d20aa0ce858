/*
 * cmd/user.c - pierre user ...: accounts from the shell, through the same
 * op/user.c that the REST interface calls.
 */
#include "config.h"

#include "cmd/context.h"
#include "cmd/fail.h"
#include "cmd/secret.h"
#include "cmd/tables.h"
#include "op/check.h"
#include "op/cursor.h"
#include "op/user.h"

static bool read_password(struct context *c, const char **out, struct err *err_r)
{
	return secret_read(c->args, c->password_fd, out, err_r);
}

/* --- make ------------------------------------------------------------------------ */

static const struct field create_fields[] = {
	FIELD_AS("name", struct user_create_in, display_name, TEXT, 0, "Name to show",
		 .min = 1, .max = NAME_MAX_CHARS),
	FIELD(struct user_create_in, tier, TEXT, FIELD_RULED,
	      "starter (default), professional or enterprise"),
	FIELD_AS("admin", struct user_create_in, is_admin, BOOL, 0, "Make an administrator"),
	{ 0 },
};
static const struct field_schema create_schema =
	FIELD_SCHEMA("UserCreate", struct user_create_in, create_fields);

static bool create(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct user_create_in user = *(const struct user_create_in *)in;

	user.email = c->args->operands[0];
	return read_password(c, &user.password, err_r) &&
	       op_user_create(&c->op, &user, out, err_r);
}

/* --- list ------------------------------------------------------------------------ */

struct list_options {
	const char *status;
	bool collisions;
};
static const struct field list_fields[] = {
	FIELD(struct list_options, status, TEXT, FIELD_RULED, "Only accounts in this state",
	      .values = user_status_words),
	FIELD(struct list_options, collisions, BOOL, 0,
	      "Only accounts whose e-mail address is another spelling of that of another account"),
	{ 0 },
};
static const struct field_schema list_schema =
	FIELD_SCHEMA("UserList", struct list_options, list_fields);

static const char *const columns[] = {
	"id", "email", "user_status", "tier", "is_admin", "created_at", NULL,
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
	return op_user_collisions(&c->op, scope_all(&c->op), &page->items, err_r);
}

static bool list(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct list_options *options = in;
	struct cmd_page *page = out;
	struct user_list_in from = { .status = options->status, .limit = PAGE_LIMIT_MAX,
				     .cursor = page->cursor };
	struct user_list_out users;

	if (options->collisions)
		return list_collisions(c, options, page, err_r);
	if (!op_user_list(&c->op, scope_all(&c->op), &from, &users, err_r))
		return false;
	page->items = users.users;
	page->next_cursor = users.next_cursor;
	return true;
}

/* --- one user --------------------------------------------------------------------- */

#define REASON(s) FIELD(s, reason, TEXT, 0, "Kept in the audit event", .max = REASON_MAX, \
			.value_word = "TEXT")

static const struct field approve_fields[] = {
	REASON(struct user_approve_in),
	FIELD_AS("tenant", struct user_approve_in, create_default_tenant, BOOL, 0,
		 "Also make a tenant that the user owns"),
	FIELD(struct user_approve_in, tenant_name, TEXT, 0, "Its name; implies --tenant",
	      .min = 1, .max = NAME_MAX_CHARS),
	FIELD(struct user_approve_in, tenant_slug, TEXT, 0,
	      "Its short name, a-z, 0-9 and hyphens; implies --tenant", .min = 1, .max = SLUG_MAX),
	{ 0 },
};
static const struct field_schema approve_schema =
	FIELD_SCHEMA("Approve", struct user_approve_in, approve_fields);

static bool approve(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct user_approve_in how = *(const struct user_approve_in *)in;
	struct tenant tenant = { 0 };

	how.create_default_tenant |= how.tenant_name || how.tenant_slug;
	return op_user_approve(&c->op, scope_all(&c->op), c->user.id, &how, out, &tenant, err_r);
}

struct suspend_options {
	const char *reason;
};
static const struct field suspend_fields[] = {
	REASON(struct suspend_options),
	{ 0 },
};
static const struct field_schema suspend_schema =
	FIELD_SCHEMA("Suspend", struct suspend_options, suspend_fields);

static bool suspend(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct suspend_options *options = in;

	return op_user_suspend(&c->op, scope_all(&c->op), c->user.id, options->reason, out, err_r);
}

static bool passwd(struct context *c, const void *in, void *out, struct err *err_r)
{
	const char *password;

	(void)in;
	*(struct user *)out = c->user;
	return read_password(c, &password, err_r) &&
	       op_password_set(&c->op, scope_all(&c->op), c->user.id, password, err_r);
}

#define ON_USER .operands = "USER", .min_operands = 1, .max_operands = 1, .on_user = true, \
	.stuck = ERR_NOT_FOUND, .next_step = "'pierre user list' shows all"

const struct cmd user_commands[] = {
	{ .words = "user create", .operands = "EMAIL", .min_operands = 1, .max_operands = 1,
	  .stuck = ERR_CONFLICT, .next_step = "'pierre user list' shows it",
	  .needs = NEEDS_SCHEMA, .fn = create,
	  .in = &create_schema, .password = true, .record = &user_schema,
	  .sentence = "Make an account that is active at once.",
	  .detail = "Without --password-file the password is asked for on the terminal." },
	{ .words = "user list", .operands = "", .needs = NEEDS_SCHEMA, .fn = list,
	  .in = &list_schema, .lists = lists, .sentence = "List the accounts, newest first.",
	  .detail = "Older versions made separate accounts of spellings that are one address "
		    "now: capital letters outside ASCII, composed and decomposed characters, "
		    "the two forms of an international domain. --collisions shows them, those "
		    "of one address beside each other. Each logs in with exactly its own "
		    "spelling; suspend those that are not needed." },
	{ .words = "user approve", ON_USER, .needs = NEEDS_SCHEMA, .fn = approve,
	  .in = &approve_schema, .record = &user_schema,
	  .sentence = "Let a pending or suspended user in.",
	  .detail = "USER is an id or an e-mail address." },
	{ .words = "user suspend", ON_USER, .needs = NEEDS_SCHEMA, .fn = suspend,
	  .in = &suspend_schema, .record = &user_schema,
	  .sentence = "Keep a user and his keys out from the next request on.",
	  .detail = "USER is an id or an e-mail address. The last active administrator cannot be suspended." },
	{ .words = "user passwd", ON_USER, .needs = NEEDS_SCHEMA, .fn = passwd,
	  .password = true, .record = &user_schema,
	  .sentence = "Set a user's password and end all of his sessions.",
	  .detail = "USER is an id or an e-mail address. Without --password-file the password is asked for on the terminal." },
	{ 0 },
};
