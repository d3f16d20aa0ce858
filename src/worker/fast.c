/*
 * worker/fast.c - the loop of the fast pool: epoll over the listening socket,
 * TERM, the lifeline and every connection. Owns connections and their time
 * limits; knows nothing of the requests on them.
 *
 * Edge-triggered: half a request wakes us again when more of it has come, and
 * a connection needs no re-arming. Each list holds connections with one time
 * limit, so its head is the one that is due first.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "worker/fast.h"
#include "worker/worker_private.h"

#define CONNECTIONS_MAX 4096   /* over this the one that is due first goes */
#define DESCRIPTORS_OTHER 64   /* of the process, for all else */
#define LOOK_MS 250            /* the caller of another host may have what they wait for */

enum place { PLACE_READING, PLACE_IDLE, PLACE_LINGERING, PLACE_PARKED, PLACE_HELD,
	PLACE_AGAIN, PLACE__COUNT };

/* Milliseconds in each place; parked: fast_options. nginx closes idle connections after 60 s, and
 * goes before us. */
static const int64_t limits[PLACE__COUNT] = {
	[PLACE_READING] = 5000, [PLACE_IDLE] = 75000, [PLACE_LINGERING] = 1000, [PLACE_HELD] = HELD_MS,
};

struct connection {
	struct fcgi *fcgi;
	struct connection *prev, *next;
	enum place place;
	bool watched;          /* in the epoll set */
	bool stirred;          /* more came while it was parked or held */
	char **params;         /* of the request that it is at */
	bool ended;            /* by the other side: nothing more will come */
	int64_t due;           /* monotonic ms */
};

struct loop {
	const struct fast_options *o;
	struct share share;
	int epoll_fd, signal_fd;
	struct connection lists[PLACE__COUNT];   /* heads of rings */
	size_t n, most;
	bool stopping, failed;
	int64_t look;          /* monotonic ms: when to look what held requests wait for */
};

/* --- lists ------------------------------------------------------------------------ */

static void unlink_connection(struct connection *c)
{
	c->prev->next = c->next;
	c->next->prev = c->prev;
}

static void put(struct loop *l, struct connection *c, enum place place)
{
	struct connection *head = &l->lists[place];

	c->place = place;
	c->due = clock_monotonic() + (place == PLACE_PARKED ? l->o->finish_ms : limits[place]);
	c->prev = head->prev;
	c->next = head;
	head->prev->next = c;
	head->prev = c;
}

static void move(struct loop *l, struct connection *c, enum place place)
{
	unlink_connection(c);
	put(l, c, place);
}

/* In the first n places. */
static struct connection *first_due(const struct loop *l, size_t n)
{
	struct connection *first = NULL;

	for (size_t i = 0; i < n; i++) {
		struct connection *c = l->lists[i].next;

		if (c != &l->lists[i] && (!first || c->due < first->due))
			first = c;
	}
	return first;
}

/* --- connections ------------------------------------------------------------------- */

static void count(struct loop *l, size_t n)
{
	l->n = n;
	atomic_store(&l->o->slot->connections, (int)n);
}

static void end(struct loop *l, struct connection *c)
{
	unlink_connection(c);
	fcgi_free(&c->fcgi);   /* closed, and thereby out of the epoll set */
	free(c);
	count(l, l->n - 1);
}

static void watch(struct loop *l, struct connection *c)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = c };

	if (c->watched)
		return;
	c->watched = true;
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fcgi_fd(c->fcgi), &e) != 0) {
		log_error("epoll_failed", LOG_S("error", strerror(errno)));
		end(l, c);
	}
}

static bool is_empty(const struct loop *l, enum place place)
{
	return l->lists[place].next == &l->lists[place];
}

static void hold(struct loop *l, struct connection *c)
{
	if (is_empty(l, PLACE_HELD))
		l->look = clock_monotonic() + LOOK_MS;
	move(l, c, PLACE_HELD);
}

/* It was served, and has no reply yet: it is to be run again, or its reply is parked. */
static bool must_wait(struct loop *l, struct connection *c)
{
	bool asked = fcgi_state_of(c->fcgi) == FCGI_ASKED;

	if (asked && fcgi_held(c->fcgi))
		hold(l, c);
	else if (asked && l->o->finish)
		move(l, c, PLACE_PARKED);
	else
		return false;
	return true;
}

static void answered(struct loop *l, struct connection *c)
{
	enum fcgi_state state = fcgi_state_of(c->fcgi);

	if (must_wait(l, c))
		return;
	/* there will be no second event for the end of a connection */
	if (c->ended || state == FCGI_CLOSED || (state == FCGI_KEPT && l->stopping)) {
		end(l, c);
		return;
	}
	move(l, c, state == FCGI_KEPT ? PLACE_IDLE : PLACE_LINGERING);
	watch(l, c);
}

static void attend(struct loop *l, struct connection *c)
{
	char **params;

	switch (fcgi_look(c->fcgi, c->ended, &params)) {
	case FCGI_GONE:
		end(l, c);
		return;
	case FCGI_REQUEST:
		c->params = params;
		l->o->serve(l->o->arg, c->fcgi, params);
		answered(l, c);
		return;
	case FCGI_HALF:
		if (c->place == PLACE_IDLE)
			move(l, c, PLACE_READING);
		break;
	case FCGI_NOTHING:
		if (l->stopping && c->place == PLACE_IDLE) {
			end(l, c);
			return;
		}
		break;
	}
	watch(l, c);
}

static void on_connection(struct loop *l, struct connection *c, uint32_t events)
{
	c->ended |= (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
	if (c->place == PLACE_PARKED || c->place == PLACE_HELD || c->place == PLACE_AGAIN) {
		c->stirred = true;
		return;
	}
	if (c->place != PLACE_LINGERING) {
		attend(l, c);
		return;
	}
	fcgi_linger(c->fcgi);
	if (fcgi_state_of(c->fcgi) == FCGI_CLOSED)
		end(l, c);
}

/* --- parked requests ------------------------------------------------------------------ */

/* It was parked or held, and is answered. */
static void resume(struct loop *l, struct connection *c)
{
	bool stirred = c->stirred;

	c->stirred = false;
	if (stirred && !c->ended && fcgi_state_of(c->fcgi) == FCGI_KEPT) {
		/* its event is past */
		move(l, c, PLACE_IDLE);
		attend(l, c);
	} else {
		answered(l, c);
	}
}

static bool finish(struct loop *l, struct connection *c, bool late)
{
	if (!l->o->finish(l->o->arg, c->fcgi, late))
		return false;
	resume(l, c);
	return true;
}

static void serve_again(struct loop *l, struct connection *c)
{
	l->o->serve(l->o->arg, c->fcgi, c->params);
	if (!must_wait(l, c))
		resume(l, c);
}

/* expire() serves those again that wait no longer. */
static void look_at_held(struct loop *l, int64_t now)
{
	struct connection *head = &l->lists[PLACE_HELD];

	if (is_empty(l, PLACE_HELD) || now < l->look)
		return;
	l->look = now + LOOK_MS;
	l->o->look(l->o->arg);
	for (struct connection *c = head->next, *next; c != head; c = next) {
		next = c->next;
		if (!l->o->waits(l->o->arg, c->fcgi))
			move(l, c, PLACE_AGAIN);
	}
}

static void finish_all(struct loop *l)
{
	struct connection *head = &l->lists[PLACE_PARKED];

	while (head->next != head && finish(l, head->next, false))
		;
}

/* --- new ones -------------------------------------------------------------------------- */

static bool make_place(struct loop *l)
{
	struct connection *c = first_due(l, PLACE_PARKED);

	if (l->n == l->most && c)
		end(l, c);
	return l->n < l->most;
}

/* What nginx sends is often there with the connection: look before we wait. */
static void begin(struct loop *l, int fd)
{
	struct connection *c = calloc(1, sizeof(*c));
	struct fcgi *f = fcgi_another(l->o->fcgi);

	if (!c || !f || !make_place(l)) {
		free(c);
		free(f);
		close(fd);
		return;
	}
	c->fcgi = f;
	fcgi_adopt(f, fd);
	put(l, c, PLACE_READING);
	count(l, l->n + 1);
	attend(l, c);
}

static bool on_listener(struct loop *l)
{
	int fd = accept_connection(l->o->listen_fd, &l->failed);

	if (fd < 0)
		return false;
	begin(l, fd);
	if (!l->stopping)
		share_taken(&l->share);
	return true;
}

/* --- time ---------------------------------------------------------------------------- */

static void expire(struct loop *l, int64_t now)
{
	struct connection *c;

	while ((c = first_due(l, PLACE__COUNT)) && c->due <= now) {
		if (c->place == PLACE_PARKED) {
			finish(l, c, true);
			continue;
		}
		if (c->place == PLACE_HELD || c->place == PLACE_AGAIN) {
			/* one a turn: a request that comes now does not wait for all that are held */
			serve_again(l, c);
			return;
		}
		log_debug("connection_dropped", LOG_N("place", c->place));
		end(l, c);
	}
}

static int next_wake(const struct loop *l)
{
	const struct connection *c = first_due(l, PLACE__COUNT);
	int64_t due = c ? c->due : 0, ms;

	if (l->share.look && (!c || l->share.look < due))
		due = l->share.look;
	if (!is_empty(l, PLACE_HELD) && l->look < due)
		due = l->look;
	if (!due)
		return -1;
	ms = due - clock_monotonic();
	return ms < 0 ? 0 : (int)ms;
}

/* --- stopping ------------------------------------------------------------------------- */

/* What waits on an idle connection is still answered; nginx repeats what it
 * sends from here on (fastcgi_next_upstream error). */
static void close_idle(struct loop *l)
{
	struct connection *head = &l->lists[PLACE_IDLE];

	for (struct connection *c = head->next, *next; c != head; c = next) {
		next = c->next;
		attend(l, c);
	}
}

static void stop(struct loop *l)
{
	l->stopping = true;
	share_leave(&l->share);
	epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, l->signal_fd, NULL);
	if (l->o->lifeline_fd >= 0)
		epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, l->o->lifeline_fd, NULL);
	/* the socket is shut, so no other process will take these */
	while (listener_is_shut(l->o->listen_fd) && on_listener(l))
		;
	close_idle(l);
}

/* --- the loop --------------------------------------------------------------------------- */

static bool add(struct loop *l, int fd, uint32_t events, const void *what)
{
	struct epoll_event e = { .events = events, .data.ptr = (void *)(uintptr_t)what };

	return epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &e) == 0;
}

/* The soft limit of a shell is 1024. */
static size_t connections_max(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) != 0)
		return CONNECTIONS_MAX / 8;
	lim.rlim_cur = lim.rlim_max;
	if (lim.rlim_max > CONNECTIONS_MAX + DESCRIPTORS_OTHER)
		lim.rlim_cur = CONNECTIONS_MAX + DESCRIPTORS_OTHER;
	setrlimit(RLIMIT_NOFILE, &lim);
	getrlimit(RLIMIT_NOFILE, &lim);
	return lim.rlim_cur > 2 * DESCRIPTORS_OTHER ? (size_t)lim.rlim_cur - DESCRIPTORS_OTHER
						    : DESCRIPTORS_OTHER;
}

static bool open_loop(struct loop *l, const struct fast_options *o)
{
	sigset_t term;

	*l = (struct loop){ .o = o, .most = connections_max() };
	for (size_t i = 0; i < PLACE__COUNT; i++)
		l->lists[i].prev = l->lists[i].next = &l->lists[i];
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	l->signal_fd = signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK);
	l->share = (struct share){ .epoll_fd = l->epoll_fd, .listen_fd = o->listen_fd,
				   .scoreboard = o->scoreboard, .slot = o->slot };
	return l->epoll_fd >= 0 && l->signal_fd >= 0 &&
	       add(l, l->signal_fd, EPOLLIN, &l->signal_fd) &&
	       (o->lifeline_fd < 0 || add(l, o->lifeline_fd, EPOLLIN, &l->signal_fd)) &&
	       (!o->finish || add(l, o->finish_fd, EPOLLIN | EPOLLET, &o->finish_fd)) &&
	       (o->again_fd < 0 || add(l, o->again_fd, EPOLLIN | EPOLLET, &o->again_fd)) &&
	       share_listen(&l->share);
}

static void close_loop(struct loop *l)
{
	struct connection *c;

	l->stopping = true;
	while ((c = first_due(l, PLACE__COUNT))) {
		if (c->place == PLACE_PARKED)
			finish(l, c, true);
		else
			end(l, c);
	}
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	if (l->signal_fd >= 0)
		close(l->signal_fd);
}

static void dispatch(struct loop *l, const struct epoll_event *e)
{
	if (e->data.ptr == &l->share)
		on_listener(l);
	else if (e->data.ptr == &l->o->finish_fd)
		finish_all(l);
	else if (e->data.ptr == &l->o->again_fd)
		l->look = 0;
	else if (e->data.ptr != &l->signal_fd)
		on_connection(l, e->data.ptr, e->events);
	else
		stop(l);
}

int fast_run(const struct fast_options *o)
{
	struct epoll_event e;
	struct loop l;
	bool good = open_loop(&l, o);

	if (!good)
		log_error("start_failed", LOG_S("error", strerror(errno)));
	while (good && !l.failed && !(l.stopping && l.n == 0)) {
		int n = epoll_wait(l.epoll_fd, &e, 1, next_wake(&l));
		int64_t now;

		if (n > 0)
			dispatch(&l, &e);
		else if (n < 0 && errno != EINTR)
			good = false;
		now = clock_monotonic();
		look_at_held(&l, now);
		expire(&l, now);
		if (share_look(&l.share, now))
			on_listener(&l);
	}
	close_loop(&l);
	return good && !l.failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
