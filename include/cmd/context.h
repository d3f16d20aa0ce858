/*
 * cmd/context.h - what a command needs to call op_*: an arena, an open
 * database with a current schema, and an operation that acts as the shell.
 */
#ifndef PIERRE_CMD_CONTEXT_H
#define PIERRE_CMD_CONTEXT_H

#include "cmd/cmd.h"
#include "op/op.h"

struct context {
	const struct cmd_args *args;
	struct arena *arena;
	struct db *db;
	struct op op;           /* room: of the service on this host, if it can be reached */
	struct err no_room;     /* why not */
	int password_fd;        /* of --password-file; -1 = not given */
};

typedef bool context_fn(struct context *c, struct err *err_r);

/* Connect, then fn; exit status. The schema may be of any age. */
int context_run_database(const struct cmd_args *args, context_fn *fn);
/* The same, and a missing SQLite file is refused, not made. */
int context_run_existing(const struct cmd_args *args, context_fn *fn);
/* The first with a current schema: an older one is brought up to date as by
 * serve (AUTO_MIGRATE), a newer one is refused. */
int context_run(const struct cmd_args *args, context_fn *fn);

/* Is the schema the one this program needs? An older one is brought up to date
 * when `migrate` (AUTO_MIGRATE), else ERR_CONFIG names the command; a newer one
 * is refused. */
bool context_schema(struct db *db, bool migrate, struct err *err_r);

/* Wrong use of options or operands: as ERR_INVALID, but exit status 2. */
bool context_usage(struct err *err_r, const char *sentence);

#endif
