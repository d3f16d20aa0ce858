/* worker/caller_jobs.c - what the caller looks for. */
#include "config.h"

#include "worker/caller.h"

static const struct caller_job jobs[] = {
	{ .name = "connections", .look = caller_connect_look },
	{ .name = "refreshes", .look = caller_refresh_look },
	{ .name = "counts", .look = caller_counts_look, .ended = caller_count },
	{ .name = NULL },
};

int caller_main(const struct child *child)
{
	return caller_run(child, jobs);
}
