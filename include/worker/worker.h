/*
 * worker/worker.h - the two kinds of child that serve, and the three that work in
 * the background: scheduler, recorder and caller.
 * Each opens its database after the fork and never returns to the master.
 */
#ifndef PIERRE_WORKER_WORKER_H
#define PIERRE_WORKER_WORKER_H

#include "auth/master.h"
#include "base/conf.h"
#include "shm/segment.h"
#include "shm/scoreboard.h"

/* Everything that crosses the fork. */
struct child {
	const struct conf *conf;
	struct scoreboard *scoreboard;
	struct slot *slot;       /* own slot; role says what this child is */
	bool unchecked;          /* the database was not reached yet: it is not opened, there
				  * is no segment, and only routes without_database are run */
	struct segment *segment; /* of this host; also while the database is away */
	size_t block;            /* own ring and statistics in it */
	struct master_subkeys pair_keys;   /* of the slow pool: make pairs of tokens */
	struct master_subkeys reply_keys;  /* of the slow pool: seal replies */
	struct master_subkeys audit_keys;  /* of the scheduler: sign heads of the audit trail */
	struct master_subkeys wrap_keys;   /* of both pools and the caller: unwrap data keys */
	struct master_subkeys spool_keys;  /* of the caller: seal answers in files */
	int listen_fd;           /* -1 in the background */
	int lifeline_fd;         /* reads EOF when the master has died */
	int caller_fd;           /* eventfd: who has written a row for the caller adds to it */
	int commit_fd;           /* eventfd: the recorder adds to it after each commit. It is
				  * never read, so that each edge wakes all that wait */
	int refresh_fd;          /* the same of the caller, after each refresh */
};

/* Exit status of the process. */
int worker_main(const struct child *c);      /* both pools; slot->role says which */
int scheduler_main(const struct child *c);   /* checkpoints, sweeps */
int recorder_main(const struct child *c);    /* usage rows out of the rings */
int caller_main(const struct child *c);      /* calls to other services */

#endif
