/*
 * cmd/cmd.c - argv -> row -> function. What a command does stands in its own
 * file; tables.c lists them.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/args.h"
#include "cmd/help.h"

int cmd_fail(const struct err *err)
{
	fprintf(stderr, "%spierre: %s\n", log_priority(LOG_LEVEL_ERROR), err->message);
	return EXIT_FAILED;
}

static int usage_error(const struct cmd *cmd, const struct err *err)
{
	cmd_fail(err);
	help_usage(stderr, cmd);
	if (!cmd)
		fputs("'pierre help' lists the commands.\n", stderr);
	return EXIT_USAGE;
}

static void hide_memory(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

void cmd_allow_debugger(const struct conf *conf)
{
	if (conf->log_level <= LOG_LEVEL_DEBUG)
		prctl(PR_SET_DUMPABLE, 1);
}

static int run(struct cmd_args *args)
{
	struct conf *conf = NULL;
	struct err err;
	int status;

	if (args->cmd->needs == NEEDS_UNSET) {
		err_set(&err, ERR_INTERNAL, "the row of '%s' does not say what it needs",
			args->cmd->words);
		return cmd_fail(&err);
	}
	if (args->cmd->needs >= NEEDS_CONF) {
		conf = conf_load(args->config_file, &err);
		if (!conf)
			return cmd_fail(&err);
		cmd_allow_debugger(conf);
		clock_set_offset(conf->clock_offset, conf->host_clock_offset);
		args->conf = conf;
	}
	status = args->cmd->fn(args);
	conf_free(&conf);
	if (fflush(stdout) != 0 && status == EXIT_OK) {
		err_set(&err, ERR_INTERNAL, "cannot write to standard output");
		status = cmd_fail(&err);
	}
	return status;
}

/* A file that may not grow (LimitFSIZE=, ulimit -f) is an error of the write
 * (EFBIG), not the end of the process; children inherit this. */
static void ignore_file_size(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGXFSZ, &ignore, NULL);
}

int cmd_main(int argc, char **argv)
{
	struct arena *arena = arena_new();
	struct cmd_line line;
	struct err err;
	int status = EXIT_OK;

	hide_memory();
	ignore_file_size();
	if (!args_parse(arena, argc, argv, &line, &err)) {
		status = usage_error(line.cmd, &err);
	} else if (line.cmd && line.help) {
		help_command(stdout, line.cmd);
	} else if (line.cmd) {
		status = run(&line.args);
	} else {
		help_list(line.help ? stdout : stderr, line.group);
		status = line.help ? EXIT_OK : EXIT_USAGE;
	}
	arena_free(&arena);
	return status;
}
