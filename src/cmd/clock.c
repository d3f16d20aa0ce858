/*
 * cmd/clock.c - pierre clock ...: is the clock believed, and saying that it is
 * right.
 */
#include "config.h"

#include "cmd/context.h"
#include "cmd/tables.h"
#include "op/clock.h"

static bool status(struct context *c, const void *in, void *out, struct err *err_r)
{
	(void)in;
	return op_clock_status(&c->op, out, err_r);
}

static bool confirm(struct context *c, const void *in, void *out, struct err *err_r)
{
	(void)in;
	return op_clock_confirm(&c->op, out, err_r);
}

const struct cmd clock_commands[] = {
	{ .words = "clock status", .operands = "", .needs = NEEDS_SCHEMA, .fn = status,
	  .record = &clock_status_schema,
	  .sentence = "Show the clock, the time that is known, and whether the clock is confirmed.",
	  .detail = "The clock is PostgreSQL's, or on SQLite this host's. While it is not confirmed, "
		    "nothing is deleted because of its age." },
	{ .words = "clock confirm", .operands = "", .needs = NEEDS_SCHEMA, .fn = confirm,
	  .record = &clock_status_schema,
	  .sentence = "Confirm that the clock is right, so that rows that are too old are deleted again.",
	  .detail = "Compare the clock with another one first ('pierre clock status' shows it): with a "
		    "clock that is ahead, months of usage, sessions and leases are dropped too early." },
	{ 0 },
};
