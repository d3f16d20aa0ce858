/*
 * cmd/cmd.c - argv -> row -> function -> output. What a command does stands in
 * its own file; tables.c lists them.
 */
#include "config.h"

#include <stdio.h>

#include "base/clock.h"
#include "cmd/args.h"
#include "cmd/context.h"
#include "cmd/fail.h"
#include "cmd/help.h"
#include "cmd/print.h"
#include "cmd/process.h"

static int usage_error(struct arena *arena, const struct cmd *cmd, const struct err *err)
{
	fail_tell(err);
	help_usage(stderr, arena, cmd);
	if (!cmd)
		fputs("'pierre help' lists the commands.\n", stderr);
	return EXIT_USAGE;
}

static bool load_conf(struct cmd_args *args, struct conf **conf_r, struct err *err_r)
{
	if (args->cmd->needs == NEEDS_UNSET)
		return err_set(err_r, ERR_INTERNAL, "the row of '%s' does not say what it needs",
			       args->cmd->words);
	if (args->cmd->needs < NEEDS_CONF)
		return true;
	*conf_r = conf_load(args->config_file, err_r);
	if (!*conf_r)
		return false;
	args->conf = *conf_r;
	process_allow_debugger(args->conf);
	clock_set_offset(args->conf->clock_offset, args->conf->host_clock_offset);
	return true;
}

static bool call(struct context *c, struct err *err_r)
{
	const struct cmd_args *a = c->args;
	const struct cmd *cmd = a->cmd;
	void *record = NULL;

	if (cmd->lists)
		return print_pages(c, a, err_r);
	if (cmd->record)
		record = arena_alloc(c->arena, cmd->record->size);
	if (!cmd->fn(c, a->in, record, err_r))
		return false;
	if (record && cmd->text && !a->json)
		cmd->text(record);
	else if (record)
		print_record(a, cmd->record, record);
	return true;
}

static bool flush(struct err *err_r)
{
	return fflush(stdout) == 0 ||
	       err_set(err_r, ERR_INTERNAL, "cannot write to standard output");
}

static int run(struct cmd_args *args)
{
	struct context c = { 0 };
	struct conf *conf = NULL;
	struct err err;
	int status = EXIT_OK;

	if (!load_conf(args, &conf, &err))
		return fail_status(args->cmd, args->arena, &err);
	if (!context_open(&c, args, &err) || !call(&c, &err) || !flush(&err))
		status = fail_status(args->cmd, args->arena, &err);
	context_close(&c);
	conf_free(&conf);
	return status;
}

int cmd_main(const struct cmd *const *tables, int argc, char **argv)
{
	struct arena *arena = arena_new();
	struct cmd_line line;
	struct err err;
	int status = EXIT_OK;

	process_protect();
	if (!args_parse(tables, arena, argc, argv, &line, &err)) {
		status = line.understood ? fail_status(line.cmd, arena, &err) :
			 usage_error(arena, line.cmd, &err);
	} else if (line.cmd && line.help) {
		help_command(stdout, arena, line.cmd);
	} else if (line.cmd) {
		status = run(&line.args);
	} else {
		help_list(line.help ? stdout : stderr, tables, line.group);
		status = line.help ? EXIT_OK : EXIT_USAGE;
	}
	arena_free(&arena);
	return status;
}
