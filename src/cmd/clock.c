/*
 * cmd/clock.c - pierre clock ...: is the clock believed, and saying that it is
 * right.
 */
#include "config.h"

#include "cmd/context.h"
#include "cmd/print.h"
#include "cmd/tables.h"
#include "op/clock.h"

static bool status(struct context *c, struct err *err_r)
{
	struct clock_status out;

	if (!op_clock_status(&c->op, &out, err_r))
		return false;
	print_record(c->args, &clock_status_schema, &out);
	return true;
}

static int status_run(const struct cmd_args *a)
{
	return context_run(a, status);
}

static bool confirm(struct context *c, struct err *err_r)
{
	struct clock_status out;

	if (!op_clock_confirm(&c->op, &out, err_r))
		return false;
	print_record(c->args, &clock_status_schema, &out);
	return true;
}

static int confirm_run(const struct cmd_args *a)
{
	return context_run(a, confirm);
}

const struct cmd clock_commands[] = {
	{ .words = "clock status", .operands = "", .needs = NEEDS_SCHEMA, .fn = status_run,
	  .sentence = "Show the clock beside the time that is known, and whether it is confirmed.",
	  .detail = "The clock is PostgreSQL's, or on SQLite this host's. While it is not confirmed, "
		    "nothing is deleted because of its age." },
	{ .words = "clock confirm", .operands = "", .needs = NEEDS_SCHEMA, .fn = confirm_run,
	  .sentence = "Say that the clock is right, so that what is too old is deleted again.",
	  .detail = "Compare the clock with another one first ('pierre clock status' shows it): with a "
		    "clock that is ahead, months of usage, sessions and leases are dropped too early." },
	{ 0 },
};
