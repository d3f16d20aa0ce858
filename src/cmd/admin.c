/*
 * cmd/admin.c - pierre admin ...: the way in for the first administrator.
 */
#include "config.h"

#include <stdio.h>

#include "cmd/context.h"
#include "cmd/print.h"
#include "cmd/tables.h"
#include "op/user.h"

struct setup_token {
	const char *setup_token;
};
static const struct field setup_token_fields[] = {
	FIELD(struct setup_token, setup_token, TEXT, 0, NULL),
	{ 0 },
};
static const struct field_schema setup_token_schema =
	FIELD_SCHEMA("SetupToken", struct setup_token, setup_token_fields);

static bool setup_token(struct context *c, struct err *err_r)
{
	struct setup_token out;

	if (!op_admin_setup_token(&c->op, &out.setup_token, err_r))
		return false;
	if (c->args->json)
		print_record(c->args, &setup_token_schema, &out);
	else
		puts(out.setup_token);   /* alone, for scripts */
	return true;
}

static int setup_token_run(const struct cmd_args *a)
{
	return context_run(a, setup_token);
}

const struct cmd admin_commands[] = {
	{ .words = "admin setup-token", .operands = "", .needs = NEEDS_SCHEMA,
	  .fn = setup_token_run,
	  .stuck = ERR_CONFLICT, .next_step = "'pierre user create EMAIL --admin' makes another",
	  .sentence = "Print a one-time token for POST /admin/setup.",
	  .detail = "A new token replaces the one before. Fails when there is an administrator." },
	{ 0 },
};
