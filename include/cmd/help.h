/*
 * cmd/help.h - the command and option tables as text: usage, help, man page.
 * Each allocates what it needs in the arena.
 */
#ifndef PIERRE_CMD_HELP_H
#define PIERRE_CMD_HELP_H

#include <stdio.h>

#include "cmd/cmd.h"

/* One line; cmd NULL = all of pierre. */
void help_usage(FILE *out, struct arena *arena, const struct cmd *cmd);
/* Usage, sentence, options. */
void help_command(FILE *out, struct arena *arena, const struct cmd *cmd);
/* Every command, or those whose first word is `group`, one line each. */
void help_list(FILE *out, const struct cmd *const *tables, const char *group);

/* pierre.1 */
void man_write(FILE *out, struct arena *arena, const struct cmd *const *tables);
void man_options_markdown(FILE *out);     /* the options as a table */
void man_nginx_markdown(FILE *out);       /* what config check --nginx finds, likewise */

#endif
