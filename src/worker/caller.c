/*
 * worker/caller.c - the loop of the caller, and its thread.
 *
 * Only the thread uses the database, after it was opened; only the loop has connections.
 * Tasks go from the loop to the thread and back by two lists under one mutex.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/heap.h"
#include "base/log.h"
#include "worker/caller.h"
#include "worker/worker_private.h"

#define LOOK_MS 1000                /* what nobody has announced is found this late */
#define FINISH_MS (OUTBOUND_TOTAL_MS + SECOND_MS)
#define STUCK_MS 60000              /* the watchdog's deadline for one round */

/* First in, first out. */
struct tasks {
	struct caller_task *first, **last;
};

struct caller {
	struct worker w;                /* its database: of the thread alone */
	const struct caller_job *jobs;
	struct arena *kept;
	const struct providers *providers;
	struct outbound *outbound;
	int term_fd, done_fd;           /* signalfd; eventfd: a task is done */
	int64_t look_due;
	size_t n_tasks;                 /* given to the thread, and not back yet */
	bool stops;
	pthread_t thread;
	pthread_mutex_t mutex;          /* of what follows */
	pthread_cond_t more;
	struct tasks todo, done;
	bool last_task;                 /* the thread ends when it has nothing to do */
};

/* --- tasks ------------------------------------------------------------------------------ */

static void tasks_init(struct tasks *q)
{
	*q = (struct tasks){ .last = &q->first };
}

static void tasks_add(struct tasks *q, struct caller_task *t)
{
	t->next = NULL;
	*q->last = t;
	q->last = &t->next;
}

static struct caller_task *tasks_take(struct tasks *q)
{
	struct caller_task *t = q->first;

	if (!t)
		return NULL;
	q->first = t->next;
	if (!q->first)
		q->last = &q->first;
	return t;
}

void caller_do(struct caller *c, struct caller_task *t)
{
	c->n_tasks++;
	pthread_mutex_lock(&c->mutex);
	tasks_add(&c->todo, t);
	pthread_cond_signal(&c->more);
	pthread_mutex_unlock(&c->mutex);
}

/* Of the thread: the next one; NULL: it ends. */
static struct caller_task *next_task(struct caller *c)
{
	struct caller_task *t;

	pthread_mutex_lock(&c->mutex);
	while (!(t = tasks_take(&c->todo)) && !c->last_task)
		pthread_cond_wait(&c->more, &c->mutex);
	pthread_mutex_unlock(&c->mutex);
	return t;
}

static void *thread_main(void *arg)
{
	struct caller *c = arg;
	struct caller_task *t;

	while ((t = next_task(c))) {
		struct op op = { .db = c->w.db, .arena = c->w.arena, .now = clock_now(),
				 .process = &c->w.process, .actor.source = "caller" };

		t->err = (struct err){ 0 };
		t->good = t->work(&op, t, &t->err);
		arena_reset(c->w.arena);
		heap_wipe_cache();
		pthread_mutex_lock(&c->mutex);
		tasks_add(&c->done, t);
		pthread_mutex_unlock(&c->mutex);
		if (eventfd_write(c->done_fd, 1) != 0)
			log_error("caller_deaf", LOG_S("error", strerror(errno)));
	}
	return NULL;
}

static void finish_tasks(struct caller *c)
{
	struct caller_task *t;

	for (;;) {
		pthread_mutex_lock(&c->mutex);
		t = tasks_take(&c->done);
		pthread_mutex_unlock(&c->mutex);
		if (!t)
			return;
		c->n_tasks--;
		t->done(c, t);
	}
}

/* --- the loop ------------------------------------------------------------------------------ */

struct outbound *caller_outbound(struct caller *c)
{
	return c->outbound;
}

const struct child *caller_child(const struct caller *c)
{
	return c->w.child;
}

const struct providers *caller_providers(const struct caller *c)
{
	return c->providers;
}

bool caller_stops(const struct caller *c)
{
	return c->stops;
}

static void look(struct caller *c)
{
	c->look_due = clock_monotonic() + LOOK_MS;
	for (const struct caller_job *j = c->jobs; j->name; j++)
		j->look(c);
}

/* An eventfd that was read is quiet again. */
static void hush(const struct pollfd *p)
{
	eventfd_t n;

	if (p->revents)
		eventfd_read(p->fd, &n);
}

static void show_load(const struct caller *c)
{
	struct slot *s = c->w.child->slot;
	size_t waiting = outbound_waiting(c->outbound);

	atomic_store(&s->calls, (int)(outbound_calls(c->outbound) - waiting));
	atomic_store(&s->calls_waiting, (int)waiting);
	atomic_store(&s->tasks, (int)c->n_tasks);
}

/* False: stop. Once it stops, the next caller must hear what wakes it: that is left alone. */
static bool step(struct caller *c, int64_t until)
{
	const struct child *child = c->w.child;
	enum { TASK, LIFE, TERM, WOKEN, ALL };
	struct pollfd fds[ALL] = { { .fd = c->done_fd }, { .fd = child->lifeline_fd },
				   { .fd = c->term_fd }, { .fd = child->caller_fd } };
	int64_t now = clock_monotonic();

	slot_reading(child->slot, now, now + LOOK_MS + STUCK_MS);
	slot_serving(child->slot, "calls", "");
	outbound_step(c->outbound, fds, c->stops ? LIFE : ALL, until > now ? (int)(until - now) : 0);
	hush(&fds[TASK]);
	finish_tasks(c);
	show_load(c);
	if (c->stops)
		return true;
	if (fds[LIFE].revents || fds[TERM].revents)
		return false;
	hush(&fds[WOKEN]);
	if (fds[WOKEN].revents || clock_monotonic() >= c->look_due)
		look(c);
	return true;
}

static void finish(struct caller *c)
{
	int64_t until = clock_monotonic() + FINISH_MS;

	c->stops = true;
	outbound_stop(c->outbound);
	while ((outbound_calls(c->outbound) > 0 || c->n_tasks > 0) && clock_monotonic() < until)
		step(c, until);
	slot_stopping(c->w.child->slot);
}

/* --- begin and end ---------------------------------------------------------------------------- */

static bool start_failed(const char *why)
{
	log_error("start_failed", LOG_S("error", why));
	return false;
}

static bool open_fds(struct caller *c)
{
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);   /* blocked by child_signals() */
	c->term_fd = signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK);
	c->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return (c->term_fd >= 0 && c->done_fd >= 0) || start_failed(strerror(errno));
}

static bool open_outbound(struct caller *c)
{
	const struct conf *conf = c->w.child->conf;
	struct outbound_options o = { .ca_file = conf->outbound_ca_file, .ca = conf->outbound_ca, .arg = c };
	const char *bad;
	struct err err;

	for (const struct caller_job *j = c->jobs; j->name; j++)
		if (j->ended)
			o.ended = j->ended;
	/* conf.c has read the same text */
	if (!networks_read(c->kept, conf->outbound_allow, &o.allow, &bad))
		return start_failed(bad);
	c->providers = providers_kept(c->kept, conf, &err);
	c->outbound = c->providers ? outbound_new(&o, &err) : NULL;
	c->w.process.providers = c->providers;
	return c->outbound || start_failed(err.message);
}

static bool open_thread(struct caller *c)
{
	tasks_init(&c->todo);
	tasks_init(&c->done);
	pthread_mutex_init(&c->mutex, NULL);
	pthread_cond_init(&c->more, NULL);
	return pthread_create(&c->thread, NULL, thread_main, c) == 0 || start_failed("no thread");
}

static bool caller_open(struct caller *c, const struct child *child, const struct caller_job *jobs)
{
	*c = (struct caller){ .jobs = jobs, .kept = arena_new(), .term_fd = -1, .done_fd = -1 };
	return child_open(&c->w, child) && open_fds(c) && open_outbound(c) && open_thread(c);
}

/* Calls that are left end, then tasks that are left are done. */
static void caller_close(struct caller *c)
{
	outbound_free(&c->outbound);
	pthread_mutex_lock(&c->mutex);
	c->last_task = true;
	pthread_cond_signal(&c->more);
	pthread_mutex_unlock(&c->mutex);
	pthread_join(c->thread, NULL);
	finish_tasks(c);
	child_close(&c->w);
	arena_free(&c->kept);
	close(c->term_fd);
	close(c->done_fd);
}

/* It could not open all; there is no thread. */
static int caller_fail(struct caller *c)
{
	outbound_free(&c->outbound);
	child_close(&c->w);
	arena_free(&c->kept);
	return EXIT_FAILURE;
}

int caller_run(const struct child *child, const struct caller_job *jobs)
{
	struct caller c;

	child_signals();
	heap_wipe_freed();
	if (!caller_open(&c, child, jobs))
		return caller_fail(&c);
	while (step(&c, c.look_due))
		;
	finish(&c);
	caller_close(&c);
	return EXIT_SUCCESS;
}
