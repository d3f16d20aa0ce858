/*
 * worker/fast.h - the loop of the fast pool: many kept connections, one request at a
 * time, and no wait for any of them.
 *
 * nginx keeps connections to this pool and sends the next request down one of
 * them; each is examined when something has come. One event is taken per wait, so that
 * no worker collects what an idle one could do. A request of this pool takes about a
 * millisecond.
 *
 * A kept connection stays with the worker that accepted it, and the kernel wakes
 * the same one first (EPOLLEXCLUSIVE): of 64 connections to 8 workers one had 32.
 * So a worker with more than its share leaves new ones to the others, unless they do not
 * take them.
 */
#ifndef PIERRE_WORKER_FAST_H
#define PIERRE_WORKER_FAST_H

#include "http/fcgi.h"
#include "shm/scoreboard.h"

/* Answer the request on f, with fcgi_reply or fcgi_drop, before returning; or
 * fcgi_park it; or fcgi_hold it, and be called again with the same parameters. */
typedef void fast_fn(void *arg, struct fcgi *f, char **params);

/* Answer a parked request if it can be; late: in any case. False: it waits on. */
typedef bool fast_finish_fn(void *arg, struct fcgi *f, bool late);

struct fast_options {
	int listen_fd;       /* non-blocking */
	int lifeline_fd;     /* readable: the master has died; -1 = none */
	struct fcgi *fcgi;   /* from fcgi_start */
	const struct scoreboard *scoreboard;
	struct slot *slot;   /* this worker's: how many connections it has */
	fast_fn *serve;
	void *arg;
	/* Parked requests can be answered in the order in which they came; the
	 * loop asks for the first when an edge has come on finish_fd, and answers
	 * others meanwhile. NULL: serve parks none. */
	fast_finish_fn *finish;
	int finish_fd;
	int64_t finish_ms;   /* after so long a parked request is late */
	/* While requests are held, every 250 ms and after an edge on again_fd (-1 = none): look
	 * up what they wait for; then of each: does it wait on? Else it is run again. */
	int again_fd;
	void (*look)(void *arg);
	bool (*waits)(void *arg, const struct fcgi *f);
};

/* Until TERM (blocked by the caller) or the end of the lifeline: no new
 * connection then, requests that have come are answered (parked ones when their
 * time has come), idle connections are closed. Exit status of the process. */
int fast_run(const struct fast_options *o);

#endif
