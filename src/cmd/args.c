/*
 * cmd/args.c - reads a command line by the rows of its command. Says what is
 * wrong in one sentence; runs nothing and prints nothing.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "cmd/args.h"

const struct cmd_option global_options[] = {
	{ "--config", "FILE", "Read NAME=value lines from FILE; the environment wins over it." },
	{ "--json", NULL, "Print one JSON value instead of text." },
	{ "--help", NULL, "Show the usage and stop." },
	{ 0 },
};
enum { GLOBAL_CONFIG, GLOBAL_JSON, GLOBAL_HELP, GLOBAL__COUNT };

struct parse {
	struct arena *arena;
	char **argv;               /* what is left */
	int argc;
	bool options_end;          /* after "--" */
	const char *globals[GLOBAL__COUNT];
	const char **values;
};

const struct cmd *cmd_find(const char *const *words, int n, int *used_r)
{
	for (const struct cmd *const *table = cmd_tables; *table; table++)
		for (const struct cmd *c = *table; c->words; c++) {
			const char *space = strchr(c->words, ' ');
			size_t first = space ? (size_t)(space - c->words) : strlen(c->words);

			if (n < 1 || strlen(words[0]) != first ||
			    strncmp(words[0], c->words, first) != 0)
				continue;
			if (space && (n < 2 || strcmp(words[1], space + 1) != 0))
				continue;
			*used_r = space ? 2 : 1;
			return c;
		}
	return NULL;
}

bool cmd_is_group(const char *word)
{
	size_t n = strlen(word);

	for (const struct cmd *const *table = cmd_tables; *table; table++)
		for (const struct cmd *c = *table; c->words; c++)
			if (strncmp(c->words, word, n) == 0 && c->words[n] == ' ')
				return true;
	return false;
}

const char *cmd_option(const struct cmd_args *a, const char *name)
{
	const struct cmd_option *o = a->cmd->options;

	for (size_t i = 0; o && o[i].name; i++)
		if (strcmp(o[i].name, name) == 0)
			return a->values[i];
	return NULL;
}

static bool is_option(const struct parse *p)
{
	return !p->options_end && p->argv[0][0] == '-' && p->argv[0][1];
}

static void shift(struct parse *p)
{
	p->argv++;
	p->argc--;
}

/* Row of `table` that the text up to `n` names, or -1. */
static int option_row(const struct cmd_option *table, const char *text, size_t n)
{
	for (int i = 0; table && table[i].name; i++)
		if (strlen(table[i].name) == n && strncmp(table[i].name, text, n) == 0)
			return i;
	return -1;
}

static bool take_value(struct parse *p, const struct cmd_option *o, const char *equals,
		       const char **value, struct err *err_r)
{
	if (*value)
		return err_set(err_r, ERR_INVALID, "%s is given twice", o->name);
	shift(p);
	if (!o->value) {
		*value = "";
		return !equals || err_set(err_r, ERR_INVALID, "%s takes no value", o->name);
	}
	if (equals) {
		*value = equals + 1;
		return true;
	}
	if (p->argc == 0)
		return err_set(err_r, ERR_INVALID, "%s needs a value: %s", o->name, o->value);
	*value = p->argv[0];
	shift(p);
	return true;
}

/* --name, --name=value or --name value, of the command or of all. */
static bool take_option(struct parse *p, const struct cmd *cmd, struct err *err_r)
{
	const char *text = p->argv[0], *equals = strchr(text, '=');
	size_t n = equals ? (size_t)(equals - text) : strlen(text);
	int row;

	if (strcmp(text, "-h") == 0) {
		p->globals[GLOBAL_HELP] = "";
		shift(p);
		return true;
	}
	row = option_row(global_options, text, n);
	if (row >= 0)
		return take_value(p, &global_options[row], equals, &p->globals[row], err_r);
	row = cmd ? option_row(cmd->options, text, n) : -1;
	if (row >= 0)
		return take_value(p, &cmd->options[row], equals, &p->values[row], err_r);
	if (cmd)
		return err_set(err_r, ERR_INVALID, "%s has no option %.*s", cmd->words, (int)n,
			       text);
	return err_set(err_r, ERR_INVALID, "there is no option %.*s", (int)n, text);
}

static bool asks_help(const struct parse *p)
{
	return p->globals[GLOBAL_HELP] ||
	       (p->argc > 1 && (strcmp(p->argv[1], "--help") == 0 || strcmp(p->argv[1], "-h") == 0));
}

/* What stands in the place of a command and is none. */
static bool no_command(struct parse *p, struct cmd_line *line, struct err *err_r)
{
	if (!cmd_is_group(p->argv[0]))
		return err_set(err_r, ERR_INVALID, "there is no command '%s'", p->argv[0]);
	if (p->argc > 1 && p->argv[1][0] != '-')
		return err_set(err_r, ERR_INVALID, "there is no command '%s %s'", p->argv[0],
			       p->argv[1]);
	if (!asks_help(p))
		return err_set(err_r, ERR_INVALID,
			       "'%s' needs a second word; 'pierre help %s' lists them",
			       p->argv[0], p->argv[0]);
	line->group = p->argv[0];
	p->globals[GLOBAL_HELP] = "";
	return true;
}

static bool take_command(struct parse *p, struct cmd_line *line, struct err *err_r)
{
	static char version[] = "version";
	int used;

	while (p->argc > 0 && is_option(p))
		if (strcmp(p->argv[0], "--version") == 0)
			p->argv[0] = version;
		else if (!take_option(p, NULL, err_r))
			return false;
	if (p->argc == 0)
		return true;
	line->cmd = cmd_find((const char *const *)p->argv, p->argc, &used);
	while (line->cmd && used-- > 0)
		shift(p);
	return line->cmd || no_command(p, line, err_r);
}

static size_t count_options(const struct cmd *cmd)
{
	size_t n = 0;

	while (cmd->options && cmd->options[n].name)
		n++;
	return n;
}

static bool take_rest(struct parse *p, struct cmd_line *line, struct err *err_r)
{
	const char **operands = arena_alloc(p->arena, sizeof(*operands) * (size_t)(p->argc + 1));
	int n = 0;

	p->values = arena_alloc(p->arena, sizeof(*p->values) * (count_options(line->cmd) + 1));
	while (p->argc > 0) {
		if (is_option(p) && strcmp(p->argv[0], "--") == 0) {
			p->options_end = true;
			shift(p);
		} else if (is_option(p)) {
			if (!take_option(p, line->cmd, err_r))
				return false;
		} else {
			operands[n++] = p->argv[0];
			shift(p);
		}
	}
	line->args.operands = operands;
	line->args.n_operands = n;
	return true;
}

static bool check_operands(const struct cmd_line *line, struct err *err_r)
{
	int n = line->args.n_operands;

	if (n < line->cmd->min_operands)
		return err_set(err_r, ERR_INVALID, "%s needs %s", line->cmd->words,
			       line->cmd->operands);
	if (n > line->cmd->max_operands)
		return err_set(err_r, ERR_INVALID, "%s does not take '%s'", line->cmd->words,
			       line->args.operands[line->cmd->max_operands]);
	return true;
}

bool args_parse(struct arena *arena, int argc, char **argv, struct cmd_line *line,
		struct err *err_r)
{
	struct parse p = { .arena = arena, .argv = argv + 1, .argc = argc - 1 };

	*line = (struct cmd_line){ 0 };
	if (!take_command(&p, line, err_r))
		return false;
	if (line->cmd && !take_rest(&p, line, err_r))
		return false;
	line->help = p.globals[GLOBAL_HELP];
	line->args.cmd = line->cmd;
	line->args.arena = arena;
	line->args.config_file = p.globals[GLOBAL_CONFIG];
	line->args.json = p.globals[GLOBAL_JSON];
	line->args.values = p.values;
	return !line->cmd || line->help || check_operands(line, err_r);
}
