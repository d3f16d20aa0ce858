/*
 * cmd/args.h - argv -> struct cmd_args, by the rows of a command.
 */
#ifndef PIERRE_CMD_ARGS_H
#define PIERRE_CMD_ARGS_H

#include "cmd/cmd.h"

/* A parsed command line. */
struct cmd_args {
	const struct cmd *const *tables;
	const struct cmd *cmd;
	struct arena *arena;
	const struct conf *conf;     /* NULL for commands that need none */
	const char *config_file;     /* --config, NULL = environment only */
	const char *password_file;   /* --password-file or --value-file, NULL = not given */
	const void *in;              /* the options, a struct of cmd->in; NULL = it has none */
	const char *const *operands;
	int n_operands;
	bool json;                   /* --json: one JSON value on stdout */
};

/* What a command line asks for. */
struct cmd_line {
	const struct cmd *cmd;      /* NULL: only --help or nothing was given */
	const char *group;          /* --help after the first word of several commands */
	bool help;                  /* --help: show the usage instead of running */
	bool understood;            /* what is wrong is a value */
	struct cmd_args args;
};

extern const struct field_schema args_global;     /* options that every command takes */
extern const struct field_schema args_password;   /* and those with .password */
/* The option by which a command is given a secret; NULL: it takes none. */
const struct field_schema *args_secret(const struct cmd *cmd);

/* False: ERR_INVALID, ERR_RANGE or ERR_REQUIRED, one sentence about the usage.
 * line->cmd is the command at fault when it was recognised. */
bool args_parse(const struct cmd *const *tables, struct arena *arena, int argc, char **argv,
		struct cmd_line *line, struct err *err_r);

/* The command whose words are the first ones of these; *used_r = how
 * many words it took. NULL = none. */
const struct cmd *cmd_find(const struct cmd *const *tables, const char *const *words, int n,
			   int *used_r);
/* Is it the first word of several commands? */
bool cmd_is_group(const struct cmd *const *tables, const char *word);

#endif
