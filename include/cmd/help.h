/*
 * cmd/help.h - the command and option tables as text: usage, help, man page.
 */
#ifndef PIERRE_CMD_HELP_H
#define PIERRE_CMD_HELP_H

#include <stdio.h>

#include "cmd/cmd.h"

void help_usage(FILE *out, const struct cmd *cmd);    /* one line; NULL = all of pierre */
void help_command(FILE *out, const struct cmd *cmd);  /* usage, sentence, options */
/* Every command, or those whose first word is `group`, one line each. */
void help_list(FILE *out, const char *group);

void man_write(FILE *out);                /* pierre.1 */
void man_options_markdown(FILE *out);     /* the options as a table */
void man_nginx_markdown(FILE *out);       /* what config check --nginx finds, likewise */

#endif
