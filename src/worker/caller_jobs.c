/*
 * worker/caller_jobs.c - what the caller looks for. The rows of connections come with
 * their tables.
 */
#include "config.h"

#include "worker/caller.h"

static const struct caller_job jobs[] = {
	{ .name = NULL },
};

int caller_main(const struct child *child)
{
	return caller_run(child, jobs);
}
