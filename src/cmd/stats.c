/* cmd/stats.c - pierre stats. */
#include "config.h"

#include "cmd/context.h"
#include "cmd/tables.h"
#include "op/stats.h"

static bool count(struct context *c, const void *in, void *out, struct err *err_r)
{
	(void)in;
	return op_stats(&c->op, scope_all(&c->op), out, err_r);
}

const struct cmd stats_commands[] = {
	{ .words = "stats", .operands = "", .needs = NEEDS_SCHEMA, .fn = count,
	  .record = &stats_schema,
	  .sentence = "Print how many accounts, API keys, connections and tenants there are." },
	{ 0 },
};
