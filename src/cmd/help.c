/*
 * cmd/help.c - usage and help on the terminal, read from the command tables.
 */
#include "config.h"

#include <string.h>

#include "cmd/args.h"
#include "cmd/help.h"
#include "cmd/options.h"

static const struct field *options_in(struct arena *arena, const struct field_schema *schema)
{
	return options_of(arena, schema).rows;
}

/* --- usage ---------------------------------------------------------------------- */

static void usage_options(FILE *out, const struct field *o)
{
	for (; o->name; o++)
		fprintf(out, " [%s%s%s]", o->name, o->value_word ? " " : "",
			o->value_word ? o->value_word : "");
}

void help_usage(FILE *out, struct arena *arena, const struct cmd *cmd)
{
	if (!cmd) {
		fputs("usage: pierre [--config FILE] [--json] COMMAND ...\n", out);
		return;
	}
	fprintf(out, "usage: pierre %s", cmd->words);
	usage_options(out, options_in(arena, cmd->in));
	if (args_secret(cmd))
		usage_options(out, options_in(arena, args_secret(cmd)));
	fprintf(out, "%s%s\n", *cmd->operands ? " " : "", cmd->operands);
}

/* --- help ----------------------------------------------------------------------- */

static void option_lines(FILE *out, const struct field *o)
{
	for (; o->name; o++) {
		int n = fprintf(out, "  %s%s%s", o->name, o->value_word ? " " : "",
				o->value_word ? o->value_word : "");

		fprintf(out, "%s%*s %s\n", n > 26 ? "\n" : "", n > 26 ? 26 : 26 - n, "",
			o->sentence);
	}
}

void help_command(FILE *out, struct arena *arena, const struct cmd *cmd)
{
	help_usage(out, arena, cmd);
	fprintf(out, "\n%s\n", cmd->sentence);
	if (cmd->detail)
		fprintf(out, "\n%s\n", cmd->detail);
	fputs("\nOptions:\n", out);
	option_lines(out, options_in(arena, cmd->in));
	if (args_secret(cmd))
		option_lines(out, options_in(arena, args_secret(cmd)));
	option_lines(out, options_in(arena, &args_global));
}

static bool in_group(const struct cmd *c, const char *group)
{
	size_t n = group ? strlen(group) : 0;

	return !group || (strncmp(c->words, group, n) == 0 && c->words[n] == ' ');
}

void help_list(FILE *out, const struct cmd *const *tables, const char *group)
{
	help_usage(out, NULL, NULL);
	fputs("\nCommands:\n", out);
	for (; *tables; tables++)
		for (const struct cmd *c = *tables; c->words; c++)
			if (in_group(c, group))
				fprintf(out, "  %-18s %s\n", c->words, c->sentence);
	fputs("\n'pierre help COMMAND' shows one of them; 'man pierre' has everything.\n", out);
}
