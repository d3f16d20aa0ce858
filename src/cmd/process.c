/*
 * cmd/process.c - limits of the process of a command; its children inherit them.
 */
#include "config.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/log.h"
#include "cmd/process.h"

static void hide_memory(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

/* A file that may not grow (LimitFSIZE=, ulimit -f) is an error of the write
 * (EFBIG), not the end of the process. */
static void ignore_file_size(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGXFSZ, &ignore, NULL);
}

void process_protect(void)
{
	hide_memory();
	ignore_file_size();
}

void process_allow_debugger(const struct conf *conf)
{
	if (conf->log_level <= LOG_LEVEL_DEBUG)
		prctl(PR_SET_DUMPABLE, 1);
}
