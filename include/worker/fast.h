/*
 * worker/fast.h - the loop of the fast pool: many kept connections, one
 * request at a time, nobody waited for.
 *
 * nginx keeps connections to this pool and sends the next request down one of
 * them; each is looked at when something has come. One event is taken per
 * wait, so that no worker hoards what an idle one could do. What takes longer
 * than about a millisecond has no place behind it.
 */
#ifndef PIERRE_WORKER_FAST_H
#define PIERRE_WORKER_FAST_H

#include "http/fcgi.h"

/* Answer the request on f, with fcgi_reply or fcgi_drop, before returning. */
typedef void fast_fn(void *arg, struct fcgi *f, char **params);

struct fast_options {
	int listen_fd;       /* non-blocking */
	int lifeline_fd;     /* readable: the master has died; -1 = none */
	struct fcgi *fcgi;   /* from fcgi_start */
	fast_fn *serve;
	void *arg;
};

/* Until TERM (blocked by the caller) or the end of the lifeline: no new
 * connection then, requests that have come are answered, idle connections are
 * closed. Exit status of the process. */
int fast_run(const struct fast_options *o);

#endif
