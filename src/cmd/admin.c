/*
 * cmd/admin.c - pierre admin ...: the way in for the first administrator.
 */
#include "config.h"

#include <stdio.h>

#include "cmd/context.h"
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

static bool make_setup_token(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct setup_token *made = out;

	(void)in;
	return op_admin_setup_token(&c->op, &made->setup_token, err_r);
}

/* alone, for scripts */
static void setup_token_text(const void *record)
{
	const struct setup_token *made = record;

	puts(made->setup_token);
}

const struct cmd admin_commands[] = {
	{ .words = "admin setup-token", .operands = "", .needs = NEEDS_SCHEMA,
	  .fn = make_setup_token, .record = &setup_token_schema, .text = setup_token_text,
	  .stuck = ERR_CONFLICT, .next_step = "'pierre user create EMAIL --admin' makes another",
	  .sentence = "Print a one-time token for POST /admin/setup.",
	  .detail = "A new token replaces the older one. The command fails when there is an administrator." },
	{ 0 },
};
