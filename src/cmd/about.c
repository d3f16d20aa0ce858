/*
 * cmd/about.c - commands about the program itself: help, version, openapi. None
 * needs a configuration.
 */
#include "config.h"

#include <stdio.h>

#include "cmd/context.h"
#include "cmd/fail.h"
#include "cmd/help.h"
#include "cmd/tables.h"
#include "db/admin.h"
#include "resource/call.h"

struct help_options {
	bool man, options_markdown, nginx_markdown;
};
static const struct field help_fields[] = {
	FIELD(struct help_options, man, BOOL, 0, "Print the man page, pierre.1"),
	FIELD(struct help_options, options_markdown, BOOL, 0,
	      "Print the options as a table in Markdown"),
	FIELD(struct help_options, nginx_markdown, BOOL, 0,
	      "Print what config check --nginx finds as a table in Markdown"),
	{ 0 },
};
static const struct field_schema help_schema =
	FIELD_SCHEMA("Help", struct help_options, help_fields);

static bool help_words(const struct cmd_args *a, struct err *err_r)
{
	int used;
	const struct cmd *cmd = cmd_find(a->tables, a->operands, a->n_operands, &used);

	if (cmd && used == a->n_operands)
		help_command(stdout, a->arena, cmd);
	else if (a->n_operands == 1 && cmd_is_group(a->tables, a->operands[0]))
		help_list(stdout, a->tables, a->operands[0]);
	else if (a->n_operands == 0)
		help_list(stdout, a->tables, NULL);
	else
		return fail_usage(err_r, arena_printf(a->arena, "there is no command '%s%s%s'", a->operands[0],
						      a->n_operands > 1 ? " " : "",
						      a->n_operands > 1 ? a->operands[1] : ""));
	return true;
}

static bool help(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct help_options *options = in;

	(void)out;
	if (options->man)
		man_write(stdout, c->arena, c->args->tables);
	else if (options->options_markdown)
		man_options_markdown(stdout);
	else if (options->nginx_markdown)
		man_nginx_markdown(stdout);
	else
		return help_words(c->args, err_r);
	return true;
}

struct version_facts {
	const char *name, *version, *backends;
};
static const struct field version_fields[] = {
	FIELD(struct version_facts, name, TEXT, 0, NULL),
	FIELD(struct version_facts, version, TEXT, 0, NULL),
	FIELD(struct version_facts, backends, TEXT, 0, NULL),
	{ 0 },
};
static const struct field_schema version_schema =
	FIELD_SCHEMA("Version", struct version_facts, version_fields);

static bool version(struct context *c, const void *in, void *out, struct err *err_r)
{
	(void)c;
	(void)in;
	(void)err_r;
	*(struct version_facts *)out =
		(struct version_facts){ PACKAGE_NAME, PACKAGE_VERSION, db_backends_built() };
	return true;
}

static void version_text(const void *record)
{
	const struct version_facts *v = record;

	printf("%s %s (%s)\n", v->name, v->version, v->backends);
}

static bool openapi(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct strbuf b = { .arena = c->arena };

	(void)in;
	(void)out;
	if (!openapi_write(route_tables, PACKAGE_VERSION, &b, err_r))
		return false;
	puts(b.s);
	return true;
}

const struct cmd about_commands[] = {
	{ .words = "openapi", .operands = "", .needs = NEEDS_NOTHING, .fn = openapi,
	  .sentence = "Print the OpenAPI document of the REST interface." },
	{ .words = "version", .operands = "", .needs = NEEDS_NOTHING, .fn = version,
	  .record = &version_schema, .text = version_text,
	  .sentence = "Print the version and the database backends built in.",
	  .detail = "'pierre --version' does the same." },
	{ .words = "help", .operands = "[COMMAND]", .max_operands = 3, .needs = NEEDS_NOTHING,
	  .fn = help, .in = &help_schema, .sentence = "Show all commands, or one." },
	{ 0 },
};
