/*
 * master/master.h - the parent of all processes: it forks, reaps, listens,
 * watches and reloads. It knows no HTTP, SQL or crypto, and holds no database
 * handle; `serve` hands it what its children do.
 */
#ifndef PIERRE_MASTER_MASTER_H
#define PIERRE_MASTER_MASTER_H

#include <stdbool.h>
#include <sys/un.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/str.h"
#include "shm/scoreboard.h"
#include "worker/worker.h"

#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

struct master_options {
	const char *backend;        /* for the log only */
	const char *const *labels;  /* of the routes, for the statistics; NULL ends them */
	const char *config_file;    /* read again at each reload; NULL = environment only */
	struct conf *conf;          /* what was in it at the start; master_run takes it over */
	struct {
		int (*main)(const struct child *c);   /* its exit status is the process's */
		/* What it keeps of the keys of `conf`, which are then wiped; NULL:
		 * nothing. In the child, right after the fork. */
		void (*take_keys)(const struct conf *conf, struct child *c);
		/* Not killed sooner after TERM, however short STOP_TIMEOUT_MS is. */
		int64_t finish_ms;
	} roles[ROLE__COUNT];
	/* Runs in a forked child before anything serves, and at each reload
	 * with the new configuration. True: database_id says which database it
	 * is, so that the segment is opened for that one. False keeps the old
	 * generation (or ends the start) with the sentence in *err_r; at the start
	 * ERR_UNAVAILABLE and ERR_UNCERTAIN do not end it: unchecked workers answer
	 * 503, and it is tried again every second. */
	bool (*check)(const struct conf *conf, bool reload, char database_id[UUID_TEXT],
		      struct err *err_r);
	/* The database for this service alone: db_claim(). */
	bool (*claim)(const struct conf *conf, int *fd_r, struct err *err_r);
};

/* Serve until TERM, INT or QUIT. True = stopped as asked; false = could not
 * start, with the sentence. Never returns in a child. */
bool master_run(const struct master_options *o, struct err *err_r);

#endif
