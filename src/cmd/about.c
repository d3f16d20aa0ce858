/*
 * cmd/about.c - commands about the program itself: help, version, openapi. None
 * needs a configuration.
 */
#include "config.h"

#include <stdio.h>

#include "cmd/args.h"
#include "cmd/help.h"
#include "cmd/tables.h"
#include "db/admin.h"
#include "http/json.h"
#include "resource/call.h"

static int help_words(const struct cmd_args *a)
{
	struct err err;
	int used;
	const struct cmd *cmd = cmd_find(a->operands, a->n_operands, &used);

	if (cmd && used == a->n_operands)
		help_command(stdout, cmd);
	else if (a->n_operands == 1 && cmd_is_group(a->operands[0]))
		help_list(stdout, a->operands[0]);
	else if (a->n_operands == 0)
		help_list(stdout, NULL);
	else {
		err_set(&err, ERR_INVALID, "there is no command '%s%s%s'", a->operands[0],
			a->n_operands > 1 ? " " : "", a->n_operands > 1 ? a->operands[1] : "");
		cmd_fail(&err);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static int help_run(const struct cmd_args *a)
{
	if (cmd_option(a, "--man"))
		man_write(stdout);
	else if (cmd_option(a, "--options-markdown"))
		man_options_markdown(stdout);
	else if (cmd_option(a, "--nginx-markdown"))
		man_nginx_markdown(stdout);
	else
		return help_words(a);
	return EXIT_OK;
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

static int version_run(const struct cmd_args *a)
{
	struct version_facts v = { PACKAGE_NAME, PACKAGE_VERSION, db_backends_built() };
	struct strbuf b = { .arena = a->arena };

	if (!a->json) {
		printf("%s %s (%s)\n", v.name, v.version, v.backends);
		return EXIT_OK;
	}
	json_write(&b, &version_schema, &v);
	puts(b.s);
	return EXIT_OK;
}

static int openapi_run(const struct cmd_args *a)
{
	struct strbuf b = { .arena = a->arena };
	struct err err;

	if (!openapi_write(route_tables, PACKAGE_VERSION, &b, &err))
		return cmd_fail(&err);
	puts(b.s);
	return EXIT_OK;
}

static const struct cmd_option help_options[] = {
	{ "--man", NULL, "Print the man page, pierre.1." },
	{ "--options-markdown", NULL, "Print the options as a table in Markdown." },
	{ "--nginx-markdown", NULL, "Print what config check --nginx finds as a table in Markdown." },
	{ 0 },
};

const struct cmd about_commands[] = {
	{ .words = "openapi", .operands = "", .needs = NEEDS_NOTHING, .fn = openapi_run,
	  .sentence = "Print the OpenAPI document of the REST interface." },
	{ .words = "version", .operands = "", .needs = NEEDS_NOTHING, .fn = version_run,
	  .sentence = "Print the version and the database backends built in.",
	  .detail = "'pierre --version' does the same." },
	{ .words = "help", .operands = "[COMMAND]", .max_operands = 2, .needs = NEEDS_NOTHING, .fn = help_run,
	  .options = help_options, .sentence = "Show all commands, or one." },
	{ 0 },
};
