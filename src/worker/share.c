/*
 * worker/share.c - which worker of the fast pool takes a new connection.
 *
 * nginx keeps a connection, so it stays with the worker that accepted it, and of
 * the workers that wait for one the kernel wakes the same first (EPOLLEXCLUSIVE):
 * of 64 kept connections to 8 workers one had 32. A worker over its share takes the
 * listening socket out of its epoll set, and the kernel wakes another.
 *
 * That worker keeps checking, often while connections come. It listens again when it is
 * no longer over its share, and takes connections that the others have left for LEFT_MS
 * (they are stopped or stuck). A shorter time would not do: on a busy machine a worker
 * that was woken may run late.
 */
#include "config.h"

#include <poll.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "worker/worker_private.h"

#define LOOK_MIN_MS 1
#define LOOK_MAX_MS 16
#define LEFT_MS 100

bool share_listen(struct share *s)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = s };

	s->look = 0;
	return epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->listen_fd, &e) == 0;
}

void share_leave(struct share *s)
{
	epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, s->listen_fd, NULL);
	s->look = 0;
}

void share_taken(struct share *s)
{
	if (s->look || !slot_over_share(s->scoreboard, s->slot))
		return;
	share_leave(s);
	s->pause = LOOK_MIN_MS;
	s->look = clock_monotonic() + s->pause;
	s->waits = 0;
}

static bool is_waiting(int listen_fd)
{
	struct pollfd p = { .fd = listen_fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

bool share_look(struct share *s, int64_t now)
{
	if (!s->look || now < s->look)
		return false;
	if (!slot_over_share(s->scoreboard, s->slot) && share_listen(s))
		return false;
	if (!is_waiting(s->listen_fd)) {
		s->waits = 0;
		s->pause = s->pause * 2 < LOOK_MAX_MS ? s->pause * 2 : LOOK_MAX_MS;
	} else {
		s->waits = s->waits ? s->waits : now;
		s->pause = LOOK_MIN_MS;
	}
	s->look = now + s->pause;
	return s->waits && now - s->waits >= LEFT_MS;
}
