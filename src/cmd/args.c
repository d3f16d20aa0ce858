/*
 * cmd/args.c - reads a command line by the rows of its command. Says what is
 * wrong in one sentence; runs nothing and prints nothing.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "cmd/args.h"
#include "cmd/fail.h"
#include "cmd/options.h"

struct global {
	const char *config;
	bool json, help;
};
static const struct field global_fields[] = {
	FIELD(struct global, config, TEXT, 0,
	      "Read NAME=value lines from FILE; the environment wins over it", .value_word = "FILE"),
	FIELD(struct global, json, BOOL, 0, "Print one JSON value instead of text"),
	FIELD(struct global, help, BOOL, 0, "Show the usage and stop"),
	{ 0 },
};
const struct field_schema args_global = FIELD_SCHEMA("Global", struct global, global_fields);

struct password {
	const char *password_file;
};
static const struct field password_fields[] = {
	FIELD(struct password, password_file, TEXT, 0,
	      "Read the password from the first line of FILE; - is standard input"),
	{ 0 },
};
const struct field_schema args_password = FIELD_SCHEMA("Password", struct password, password_fields);

static const struct field value_fields[] = {
	FIELD_AS("value_file", struct password, password_file, TEXT, 0,
		 "Read the value from the first line of FILE; - is standard input"),
	{ 0 },
};
static const struct field_schema args_value = FIELD_SCHEMA("Value", struct password, value_fields);

const struct field_schema *args_secret(const struct cmd *cmd)
{
	return cmd->password ? &args_password : cmd->value ? &args_value : NULL;
}

enum { SET_GLOBAL, SET_PASSWORD, SET_COMMAND, SET__COUNT };

struct parse {
	const struct cmd *const *tables;
	struct arena *arena;
	char **argv;               /* what is left */
	int argc;
	bool options_end;          /* after "--" */
	struct options sets[SET__COUNT];
};

/* --- words ---------------------------------------------------------------------- */

/* How many of words[n] are these; 0: not all of these are there. */
static int words_match(const char *these, const char *const *words, int n)
{
	int used = 0;

	for (;; these++) {
		size_t len = strcspn(these, " ");

		if (used == n || strlen(words[used]) != len || strncmp(words[used], these, len) != 0)
			return 0;
		used++;
		these += len;
		if (!*these)
			return used;
	}
}

const struct cmd *cmd_find(const struct cmd *const *tables, const char *const *words, int n,
			   int *used_r)
{
	for (; *tables; tables++)
		for (const struct cmd *c = *tables; c->words; c++) {
			*used_r = words_match(c->words, words, n);
			if (*used_r > 0)
				return c;
		}
	return NULL;
}

bool cmd_is_group(const struct cmd *const *tables, const char *word)
{
	size_t n = strlen(word);

	for (; *tables; tables++)
		for (const struct cmd *c = *tables; c->words; c++)
			if (strncmp(c->words, word, n) == 0 && c->words[n] == ' ')
				return true;
	return false;
}

static void shift(struct parse *p)
{
	p->argv++;
	p->argc--;
}

/* --- options -------------------------------------------------------------------- */

static bool is_option(const struct parse *p)
{
	return !p->options_end && p->argv[0][0] == '-' && p->argv[0][1];
}

static bool take_value(struct parse *p, const struct field *option, const char *equals,
		       const char **text, struct err *err_r)
{
	if (*text)
		return err_set(err_r, ERR_INVALID, "%s is given twice", option->name);
	shift(p);
	if (!option->value_word) {
		*text = "";
		return !equals || err_set(err_r, ERR_INVALID, "%s takes no value", option->name);
	}
	if (equals) {
		*text = equals + 1;
		return true;
	}
	if (p->argc == 0)
		return err_set(err_r, ERR_INVALID, "%s needs a value: %s", option->name,
			       option->value_word);
	*text = p->argv[0];
	shift(p);
	return true;
}

static void ask_help(struct parse *p)
{
	const struct options *o = &p->sets[SET_GLOBAL];

	*options_text(o, options_named(o, "help")) = "";
}

/* --name, --name=value or --name value, of the command or of all. */
static bool take_option(struct parse *p, const struct cmd *cmd, struct err *err_r)
{
	const char *text = p->argv[0], *equals = strchr(text, '=');
	size_t n = equals ? (size_t)(equals - text) : strlen(text);

	if (strcmp(text, "-h") == 0) {   /* any number of times */
		ask_help(p);
		shift(p);
		return true;
	}
	for (const struct options *o = p->sets; o < p->sets + SET__COUNT; o++) {
		const struct field *option = options_find(o, text, n);

		if (option)
			return take_value(p, option, equals, options_text(o, option), err_r);
	}
	if (cmd)
		return err_set(err_r, ERR_INVALID, "%s has no option %.*s", cmd->words, (int)n,
			       text);
	return err_set(err_r, ERR_INVALID, "there is no option %.*s", (int)n, text);
}

/* --- the command ---------------------------------------------------------------- */

static bool help_given(const struct parse *p)
{
	return options_given(&p->sets[SET_GLOBAL], offsetof(struct global, help));
}

static bool asks_help(const struct parse *p)
{
	return help_given(p) ||
	       (p->argc > 1 && (strcmp(p->argv[1], "--help") == 0 || strcmp(p->argv[1], "-h") == 0));
}

/* What stands in the place of a command and is none. */
static bool no_command(struct parse *p, struct cmd_line *line, struct err *err_r)
{
	if (!cmd_is_group(p->tables, p->argv[0]))
		return err_set(err_r, ERR_INVALID, "there is no command '%s'", p->argv[0]);
	if (p->argc > 1 && p->argv[1][0] != '-')
		return err_set(err_r, ERR_INVALID, "there is no command '%s %s'", p->argv[0],
			       p->argv[1]);
	if (!asks_help(p))
		return err_set(err_r, ERR_INVALID,
			       "'%s' needs a second word; 'pierre help %s' lists them",
			       p->argv[0], p->argv[0]);
	line->group = p->argv[0];
	line->help = true;
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
	line->cmd = cmd_find(p->tables, (const char *const *)p->argv, p->argc, &used);
	while (line->cmd && used-- > 0)
		shift(p);
	return line->cmd || no_command(p, line, err_r);
}

static bool take_rest(struct parse *p, struct cmd_line *line, struct err *err_r)
{
	const char **operands = arena_alloc(p->arena, sizeof(*operands) * (size_t)(p->argc + 1));
	int n = 0;

	p->sets[SET_COMMAND] = options_of(p->arena, line->cmd->in);
	p->sets[SET_PASSWORD] = options_of(p->arena, args_secret(line->cmd));
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

/* --- what was given --------------------------------------------------------------- */

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

/* The sentence names the option. Which numbers an option takes stands in the usage;
 * what a text must be like is a rule of the record, and no mistake of usage. */
static void refused(struct arena *arena, const struct field *option, struct err *err_r)
{
	const char *sentence = arena_strdup(arena, err_r->message);

	if (!str_starts(sentence, option->name))
		err_prefix(err_r, "%s", option->name);
	else if (option->type == FIELD_STRINGS)
		err_set(err_r, err_r->kind, "%s, with commas between", sentence);
	else if (option->type != FIELD_TEXT)
		fail_usage(err_r, sentence);
}

static bool read_set(const struct parse *p, const struct options *o, const struct cmd_line *line,
		     void *out, struct err *err_r)
{
	const struct field *bad = options_read(o, line->args.operands, p->arena, out, err_r);

	if (bad)
		refused(p->arena, bad, err_r);
	return !bad;
}

static bool read_options(const struct parse *p, struct cmd_line *line, struct err *err_r)
{
	const struct options *o = &p->sets[SET_COMMAND];
	struct password password = { 0 };
	void *in = o->in ? arena_alloc(p->arena, o->in->size) : NULL;

	line->understood = true;
	line->args.in = in;
	if (!read_set(p, &p->sets[SET_PASSWORD], line, &password, err_r) ||
	    !read_set(p, o, line, in, err_r))
		return false;
	line->args.password_file = password.password_file;
	return true;
}

static bool read_global(const struct parse *p, struct cmd_line *line, struct err *err_r)
{
	struct global given;

	if (!read_set(p, &p->sets[SET_GLOBAL], line, &given, err_r))
		return false;
	line->help |= given.help;
	line->args.config_file = given.config;
	line->args.json = given.json;
	return true;
}

bool args_parse(const struct cmd *const *tables, struct arena *arena, int argc, char **argv,
		struct cmd_line *line, struct err *err_r)
{
	struct parse p = { .tables = tables, .arena = arena, .argv = argv + 1, .argc = argc - 1 };

	*line = (struct cmd_line){ .args = { .tables = tables, .arena = arena } };
	p.sets[SET_GLOBAL] = options_of(arena, &args_global);
	p.sets[SET_PASSWORD] = options_of(arena, NULL);
	p.sets[SET_COMMAND] = options_of(arena, NULL);
	if (!take_command(&p, line, err_r))
		return false;
	if (line->cmd && !take_rest(&p, line, err_r))
		return false;
	if (!read_global(&p, line, err_r))
		return false;
	line->args.cmd = line->cmd;
	return !line->cmd || line->help ||
	       (check_operands(line, err_r) && read_options(&p, line, err_r));
}
