/*
 * cmd/fail.c - the sentence and the exit status of a command that failed.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "cmd/fail.h"
#include "cmd/options.h"

#define REASON_USAGE "usage"
#define REASON_TOLD "told"

void fail_tell(const struct err *err)
{
	fprintf(stderr, "%spierre: %s\n", log_priority(LOG_LEVEL_ERROR), err->message);
}

void note_tell(const char *name, const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "pierre: note: %s: ", name);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

bool fail_usage(struct err *err_r, const char *sentence)
{
	return err_reason(err_r, ERR_INVALID, REASON_USAGE, "%s", sentence);
}

bool fail_told(struct err *err_r)
{
	return err_reason(err_r, ERR_CONFIG, REASON_TOLD, "the faults are named above");
}

/* REST knows the sentence too; in the shell the field is an option. */
static void name_option(const struct cmd *cmd, struct arena *arena, struct err *err)
{
	const struct options o = options_of(arena, cmd->in);
	const struct field *option = options_named(&o, err->field);

	if (option)
		err_prefix(err, "%s", option->name);
}

static void add_next_step(const struct cmd *cmd, struct err *err)
{
	size_t n = strlen(err->message);

	if (cmd->next_step && err->kind == cmd->stuck)
		snprintf(err->message + n, sizeof(err->message) - n, "; %s", cmd->next_step);
}

int fail_status(const struct cmd *cmd, struct arena *arena, struct err *err)
{
	if (str_eq(err->reason, REASON_TOLD))
		return EXIT_FAILED;
	name_option(cmd, arena, err);
	add_next_step(cmd, err);
	fail_tell(err);
	return str_eq(err->reason, REASON_USAGE) ? EXIT_USAGE : EXIT_FAILED;
}
