/*
 * cmd/context.h - what a command needs to call op_*: an arena, an open
 * database with the schema that its row needs, and an operation that acts as
 * the shell.
 */
#ifndef PIERRE_CMD_CONTEXT_H
#define PIERRE_CMD_CONTEXT_H

#include "cmd/cmd.h"
#include "op/op.h"

struct context {
	const struct cmd_args *args;
	struct arena *arena;
	struct db *db;
	struct op_process process;   /* room: of the service on this host, if it can be reached */
	struct err no_room;     /* why not */
	struct op op;
	int password_fd;        /* of --password-file; -1 = not given */
};

typedef bool context_fn(struct context *c, struct err *err_r);

/* Connect to what the command's row needs (NEEDS_MAKING, NEEDS_DATABASE or
 * NEEDS_SCHEMA), then fn; exit status. c->op is there with NEEDS_SCHEMA. */
int context_run(const struct cmd_args *args, context_fn *fn);

/* Is the schema the one this program needs? If not: ERR_CONFIG says what to run.
 * Changes nothing. */
bool context_schema(struct db *db, bool auto_migrate, struct err *err_r);

/* Wrong use of options or operands: as ERR_INVALID, but exit status 2. */
bool context_usage(struct err *err_r, const char *sentence);

#endif
