/*
 * cmd/cmd.h - shell commands are rows: words, usage, options, sentence, function.
 * The same rows make --help and pierre.1.
 */
#ifndef PIERRE_CMD_CMD_H
#define PIERRE_CMD_CMD_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct cmd_option {
	const char *name;        /* "--tier"; NULL ends the table */
	const char *value;       /* "TIER", NULL = a flag */
	const char *sentence;
};

/* A parsed command line. */
struct cmd_args {
	const struct cmd *cmd;
	struct arena *arena;
	const struct conf *conf;    /* NULL for commands that need none */
	const char *config_file;    /* --config, NULL = environment only */
	const char *const *values;  /* one per option row; "" for a flag given; NULL = not given */
	const char *const *operands;
	int n_operands;
	bool json;                  /* --json: one JSON value on stdout */
};
/* Value of an option by name; NULL = not given. */
const char *cmd_option(const struct cmd_args *a, const char *name);

typedef int cmd_fn(const struct cmd_args *args);   /* exit status */

/* What must be there before a command's function runs; each needs what those
 * before it need. Only `serve` and `db migrate` change the schema: a command of
 * a newer program must not upgrade the database under a service that runs. */
enum cmd_needs {
	NEEDS_UNSET,       /* a row that forgot it: not run */
	NEEDS_NOTHING,     /* it reads the configuration itself, or none */
	NEEDS_CONF,        /* args->conf */
	NEEDS_MAKING,      /* a database that is made when it is not there */
	NEEDS_DATABASE,    /* one that is there; its schema may be older */
	NEEDS_SCHEMA,      /* with the schema that this program has */
};

struct cmd {
	const char *words;       /* "user create"; NULL ends a table */
	const char *operands;    /* "EMAIL", "" = none */
	int min_operands, max_operands;
	enum cmd_needs needs;
	cmd_fn *fn;
	const struct cmd_option *options;
	const char *sentence;    /* one line */
	const char *detail;      /* a paragraph for the man page, may be NULL */
	enum err_kind stuck;     /* after an error of this kind ... */
	const char *next_step;   /* ... what helps, may be NULL */
};
extern const struct cmd *const cmd_tables[];   /* one table per file of src/cmd */

/* argv -> row -> function. Usage errors: one sentence and the usage line, 2. */
int cmd_main(int argc, char **argv);

/* No command can be read by a debugger or leave a core file: keys, tokens and
 * passwords pass through most. LOG_LEVEL=debug lets a debugger in again. */
void cmd_allow_debugger(const struct conf *conf);

/* "pierre: <sentence>" on stderr; returns EXIT_FAILED. */
int cmd_fail(const struct err *err);

#endif
