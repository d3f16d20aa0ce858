/*
 * cmd/args.h - argv -> struct cmd_args, by the rows of a command.
 */
#ifndef PIERRE_CMD_ARGS_H
#define PIERRE_CMD_ARGS_H

#include "cmd/cmd.h"

extern const struct cmd_option global_options[];   /* taken by every command */

/* What a command line asks for. */
struct cmd_line {
	const struct cmd *cmd;      /* NULL: only --help or nothing was given */
	const char *group;          /* --help after the first word of several commands */
	bool help;                  /* --help: show the usage instead of running */
	struct cmd_args args;
};

/* False: ERR_INVALID, one sentence about the usage. line->cmd is the command
 * at fault when it was recognised. */
bool args_parse(struct arena *arena, int argc, char **argv, struct cmd_line *line,
		struct err *err_r);

/* The command whose words are words[0] or "words[0] words[1]"; *used_r = how
 * many words it took. NULL = none. */
const struct cmd *cmd_find(const char *const *words, int n, int *used_r);
bool cmd_is_group(const char *word);   /* first word of several commands */

#endif
