/*
 * worker/worker.c - a worker's start, and the plain loop of the slow pool:
 * wait, accept, one request. The fast pool's loop is fast.c.
 *
 * TERM is only seen between requests. When the master shut the listening
 * socket, what still waits in its queue is served first; when the socket stays (a
 * reload, systemd's socket) another process will accept it.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/heap.h"
#include "base/log.h"
#include "shm/ring.h"
#include "worker/fast.h"
#include "worker/worker_private.h"

#define SLOW_NICE 10     /* hashing gives way to the fast pool */

static void drain(struct worker *w)
{
	int listen_fd = w->child->listen_fd, fd;
	bool fatal;

	while (listener_is_shut(listen_fd) && (fd = accept_connection(listen_fd, &fatal)) >= 0)
		worker_request_run(w, fd);
}

static int serve_slow(struct worker *w)
{
	heap_wipe_freed();
	while (child_wait(w->child, w->child->listen_fd, -1) == CHILD_READABLE) {
		bool fatal;
		int fd = accept_connection(w->child->listen_fd, &fatal);

		if (fatal)
			return EXIT_FAILURE;
		if (fd >= 0)
			worker_request_run(w, fd);
	}
	drain(w);
	return EXIT_SUCCESS;
}

static void worker_request_kept(void *w, struct fcgi *f, char **params)
{
	worker_request_answer(w, f, params);
}

static bool finish_kept(void *w, struct fcgi *f, bool late)
{
	return worker_request_finish(w, f, late);
}

static void look_kept(void *w)
{
	worker_request_look(w);
}

static bool waits_kept(void *arg, const struct fcgi *f)
{
	const struct worker *w = arg;

	return held_waits(&w->held, f);
}

static int serve_fast(struct worker *w)
{
	const struct child *c = w->child;

	return fast_run(&(struct fast_options){
		.listen_fd = c->listen_fd, .lifeline_fd = c->lifeline_fd,
		.fcgi = w->fcgi, .scoreboard = c->scoreboard, .slot = c->slot,
		.serve = worker_request_kept, .arg = w,
		.finish = c->conf->usage_durability == USAGE_SYNC ? finish_kept : NULL,
		.finish_fd = c->commit_fd, .finish_ms = c->conf->database_timeout_ms,
		.again_fd = c->refresh_fd, .look = look_kept, .waits = waits_kept,
	});
}

/* Then no request is refused because others fill the same file system later. */
static void reserve_ring(const struct child *c)
{
	if (c->segment && !ring_reserve(c->segment, c->block))
		log_warn("usage_no_storage", LOG_S("runtime_dir", c->conf->runtime_dir),
			 LOG_S("error", "it is full: requests are refused until there is space"));
}

int worker_main(const struct child *c)
{
	struct worker w;
	struct err err;
	bool slow = c->slot->role == ROLE_SLOW;
	int status;

	child_signals();
	crash_watch(c);
	if (!child_open(&w, c))
		return EXIT_FAILURE;
	if (!fcgi_start(&w.fcgi, &err)) {
		log_error("start_failed", LOG_S("error", err.message));
		return EXIT_FAILURE;
	}
	if (slow && nice(SLOW_NICE) == -1)
		log_warn("nice_failed", LOG_S("error", strerror(errno)));
	if (!slow)
		reserve_ring(c);
	slot_idle(c->slot);
	status = slow ? serve_slow(&w) : serve_fast(&w);
	slot_stopping(c->slot);
	child_close(&w);
	return status;
}
