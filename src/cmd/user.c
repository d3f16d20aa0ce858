/*
 * cmd/user.c - pierre user ...: accounts from the shell, through the same
 * op/user.c that the REST interface calls.
 */
#include "config.h"

#include "cmd/context.h"
#include "cmd/print.h"
#include "cmd/secret.h"
#include "cmd/tables.h"
#include "op/user.h"

static bool read_password(struct context *c, const char **out, struct err *err_r)
{
	return secret_read(c->args, c->password_fd, out, err_r);
}

static bool create(struct context *c, struct err *err_r)
{
	struct user in = {
		.email = c->args->operands[0],
		.display_name = cmd_option(c->args, "--name"),
		.tier = cmd_option(c->args, "--tier"),
		.is_admin = cmd_option(c->args, "--admin"),
	};
	struct user user;

	if (!read_password(c, &in.password, err_r) ||
	    !op_user_create(&c->op, &in, &user, err_r))
		return false;
	print_record(c->args, &user_schema, &user);
	return true;
}

static int create_run(const struct cmd_args *a)
{
	return context_run(a, create);
}

static bool list_collisions(struct context *c, struct err *err_r)
{
	static const char *const columns[] = {
		"canonical_email", "id", "email", "user_status", "created_at", "last_active", NULL,
	};
	struct field_list list;

	if (cmd_option(c->args, "--status"))
		return context_usage(err_r, "--collisions lists accounts of every status: leave "
				     "--status out");
	if (!op_user_collisions(&c->op, scope_all(&c->op), &list, err_r))
		return false;
	return print_list(c->args, &user_collision_schema, &list, columns, err_r);
}

static bool list(struct context *c, struct err *err_r)
{
	static const char *const columns[] = {
		"id", "email", "user_status", "tier", "is_admin", "created_at", NULL,
	};
	struct user_query in = {
		.page.limit = PAGE_LIMIT_MAX, .status = cmd_option(c->args, "--status"),
	};
	struct print_rows rows = { 0 };
	struct page_out page;

	if (cmd_option(c->args, "--collisions"))
		return list_collisions(c, err_r);
	do {
		if (!op_user_list(&c->op, scope_all(&c->op), &in, &page, err_r))
			return false;
		print_rows_add(&rows, c->arena, &page.rows, sizeof(struct user));
		in.page.cursor = page.next_cursor;
	} while (in.page.cursor);
	return print_list(c->args, &user_schema, &rows.list, columns, err_r);
}

static int list_run(const struct cmd_args *a)
{
	return context_run(a, list);
}

static bool approve(struct context *c, struct err *err_r)
{
	struct user_approve_in in = {
		.reason = cmd_option(c->args, "--reason"),
		.tenant_name = cmd_option(c->args, "--tenant-name"),
		.tenant_slug = cmd_option(c->args, "--tenant-slug"),
	};
	struct tenant tenant = { 0 };
	struct user user;

	in.create_default_tenant = cmd_option(c->args, "--tenant") || in.tenant_name ||
				   in.tenant_slug;
	if (!op_user_get(&c->op, scope_all(&c->op), c->args->operands[0], &user, err_r) ||
	    !op_user_approve(&c->op, scope_all(&c->op), user.id, &in, &user, &tenant, err_r))
		return false;
	print_record(c->args, &user_schema, &user);
	return true;
}

static int approve_run(const struct cmd_args *a)
{
	return context_run(a, approve);
}

static bool suspend(struct context *c, struct err *err_r)
{
	struct user user;

	if (!op_user_get(&c->op, scope_all(&c->op), c->args->operands[0], &user, err_r) ||
	    !op_user_suspend(&c->op, scope_all(&c->op), user.id,
			     cmd_option(c->args, "--reason"), &user, err_r))
		return false;
	print_record(c->args, &user_schema, &user);
	return true;
}

static int suspend_run(const struct cmd_args *a)
{
	return context_run(a, suspend);
}

static bool passwd(struct context *c, struct err *err_r)
{
	const char *password;
	struct user user;

	if (!op_user_get(&c->op, scope_all(&c->op), c->args->operands[0], &user, err_r) ||
	    !read_password(c, &password, err_r) ||
	    !op_password_set(&c->op, scope_all(&c->op), user.id, password, err_r))
		return false;
	print_record(c->args, &user_schema, &user);
	return true;
}

static int passwd_run(const struct cmd_args *a)
{
	return context_run(a, passwd);
}

static const struct cmd_option create_options[] = {
	{ "--name", "NAME", "Name to show." },
	{ "--tier", "TIER", "starter (default), professional or enterprise." },
	{ "--admin", NULL, "Make an administrator." },
	{ "--password-file", "FILE", "Read the password from the first line of FILE; - is standard input." },
	{ 0 },
};
static const struct cmd_option list_options[] = {
	{ "--status", "STATUS", "Only pending, active or suspended ones." },
	{ "--collisions", NULL, "Only accounts whose e-mail address is another spelling of "
	  "that of another account." },
	{ 0 },
};
static const struct cmd_option approve_options[] = {
	{ "--reason", "TEXT", "Kept in the audit event." },
	{ "--tenant", NULL, "Also make a tenant that the user owns." },
	{ "--tenant-name", "NAME", "Its name; implies --tenant." },
	{ "--tenant-slug", "SLUG", "Its short name, a-z, 0-9 and hyphens; implies --tenant." },
	{ 0 },
};
static const struct cmd_option suspend_options[] = {
	{ "--reason", "TEXT", "Kept in the audit event." },
	{ 0 },
};
static const struct cmd_option passwd_options[] = {
	{ "--password-file", "FILE", "Read the password from the first line of FILE; - is standard input." },
	{ 0 },
};

#define SEE_USERS .stuck = ERR_NOT_FOUND, .next_step = "'pierre user list' shows all"

const struct cmd user_commands[] = {
	{ .words = "user create", .operands = "EMAIL", .min_operands = 1, .max_operands = 1,
	  .stuck = ERR_CONFLICT, .next_step = "'pierre user list' shows it",
	  .needs = NEEDS_SCHEMA, .fn = create_run, .options = create_options,
	  .sentence = "Make an account that is active at once.",
	  .detail = "Without --password-file the password is asked for on the terminal." },
	{ .words = "user list", .operands = "", .needs = NEEDS_SCHEMA, .fn = list_run,
	  .options = list_options, .sentence = "List the accounts, newest first.",
	  .detail = "Older versions made separate accounts of spellings that are one address "
		    "now: capital letters outside ASCII, composed and decomposed characters, "
		    "the two forms of an international domain. --collisions shows them, those "
		    "of one address beside each other. Each logs in with exactly its own "
		    "spelling; suspend those that are not needed." },
	{ .words = "user approve", .operands = "USER", .min_operands = 1, .max_operands = 1,
	  SEE_USERS,
	  .needs = NEEDS_SCHEMA, .fn = approve_run, .options = approve_options,
	  .sentence = "Let a pending or suspended user in.",
	  .detail = "USER is an id or an e-mail address." },
	{ .words = "user suspend", .operands = "USER", .min_operands = 1, .max_operands = 1,
	  SEE_USERS,
	  .needs = NEEDS_SCHEMA, .fn = suspend_run, .options = suspend_options,
	  .sentence = "Keep a user and his keys out from the next request on.",
	  .detail = "USER is an id or an e-mail address. The last active administrator cannot be suspended." },
	{ .words = "user passwd", .operands = "USER", .min_operands = 1, .max_operands = 1,
	  SEE_USERS,
	  .needs = NEEDS_SCHEMA, .fn = passwd_run, .options = passwd_options,
	  .sentence = "Set a user's password and end all of his sessions.",
	  .detail = "USER is an id or an e-mail address. Without --password-file the password is asked for on the terminal." },
	{ 0 },
};
