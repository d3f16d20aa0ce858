/*
 * cmd/help.c - usage and help on the terminal, read from the command tables.
 */
#include "config.h"

#include <string.h>

#include "cmd/args.h"
#include "cmd/help.h"

static void option_text(FILE *out, const struct cmd_option *o)
{
	int n = fprintf(out, "  %s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");

	fprintf(out, "%*s %s\n", n < 26 ? 26 - n : 0, "", o->sentence);
}

void help_usage(FILE *out, const struct cmd *cmd)
{
	if (!cmd) {
		fputs("usage: pierre [--config FILE] [--json] COMMAND ...\n", out);
		return;
	}
	fprintf(out, "usage: pierre %s", cmd->words);
	for (const struct cmd_option *o = cmd->options; o && o->name; o++)
		fprintf(out, " [%s%s%s]", o->name, o->value ? " " : "", o->value ? o->value : "");
	fprintf(out, "%s%s\n", *cmd->operands ? " " : "", cmd->operands);
}

void help_command(FILE *out, const struct cmd *cmd)
{
	help_usage(out, cmd);
	fprintf(out, "\n%s\n", cmd->sentence);
	if (cmd->detail)
		fprintf(out, "\n%s\n", cmd->detail);
	fputs("\nOptions:\n", out);
	for (const struct cmd_option *o = cmd->options; o && o->name; o++)
		option_text(out, o);
	for (const struct cmd_option *o = global_options; o->name; o++)
		option_text(out, o);
}

static bool in_group(const struct cmd *c, const char *group)
{
	size_t n = group ? strlen(group) : 0;

	return !group || (strncmp(c->words, group, n) == 0 && c->words[n] == ' ');
}

void help_list(FILE *out, const char *group)
{
	help_usage(out, NULL);
	fputs("\nCommands:\n", out);
	for (const struct cmd *const *table = cmd_tables; *table; table++)
		for (const struct cmd *c = *table; c->words; c++)
			if (in_group(c, group))
				fprintf(out, "  %-18s %s\n", c->words, c->sentence);
	fputs("\n'pierre help COMMAND' shows one of them; 'man pierre' has everything.\n", out);
}
