/*
 * cmd/context.h - what the function of a command works with: an arena, an open
 * database with the schema that its row needs, and an operation that acts as
 * the shell.
 */
#ifndef PIERRE_CMD_CONTEXT_H
#define PIERRE_CMD_CONTEXT_H

#include "cmd/args.h"
#include "model/user.h"
#include "op/op.h"

struct context {
	const struct cmd_args *args;
	struct arena *arena;
	struct db *db;          /* with NEEDS_MAKING and above */
	struct op op;           /* with NEEDS_SCHEMA */
	struct op_process process;   /* of op; segment: the service's, if it can be reached */
	struct err no_segment;  /* why not */
	struct user user;       /* with .on_user: the one that the first operand names */
	int password_fd;        /* of --password-file; -1 = not given */
};

/* Opens what the command's row needs. context_close() also after false. */
bool context_open(struct context *c, const struct cmd_args *args, struct err *err_r);
void context_close(struct context *c);

/* Is the schema the one this program needs? If not: ERR_CONFIG says what to run.
 * Changes nothing. */
bool context_schema(struct db *db, bool auto_migrate, struct err *err_r);

#endif
