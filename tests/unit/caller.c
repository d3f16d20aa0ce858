/*
 * tests/unit/caller.c - the loop of the caller without a master or a database: what wakes
 * it, that tasks run beside the loop and come back in order, and how it ends.
 */
#include "config.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "tap.h"
#include "worker/caller.h"

#define TASKS 5
#define PATIENCE_MS 60000       /* a bound for a hang, not a measure */

/* What the process and the test know of each other. */
static struct shared {
	_Atomic int looks, woken, began, done, refused;
	_Atomic bool slow, bad_thread, bad_order, stops;
} *shared;

static struct child child;
static struct conf conf = { .providers_file = "", .outbound_allow = "", .outbound_ca_file = "" };
static int lifeline[2];

/* --- of the process -------------------------------------------------------------------- */

struct numbered {
	struct caller_task task;
	int n;
	pthread_t loop;
};

static bool work(struct op *op, struct caller_task *t, struct err *err_r)
{
	struct numbered *n = (struct numbered *)t;

	atomic_fetch_add(&shared->began, 1);
	if (pthread_equal(pthread_self(), n->loop) || !op->arena)
		atomic_store(&shared->bad_thread, true);
	while (atomic_load(&shared->slow))
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	return n->n % 2 == 0 || err_set(err_r, ERR_UNAVAILABLE, "odd");
}

static void done(struct caller *c, struct caller_task *t)
{
	struct numbered *n = (struct numbered *)t;
	bool odd = n->n % 2;

	if (atomic_fetch_add(&shared->done, 1) != n->n || !pthread_equal(pthread_self(), n->loop) ||
	    t->good == odd || (odd && t->err.kind != ERR_UNAVAILABLE))
		atomic_store(&shared->bad_order, true);
	atomic_store(&shared->stops, caller_stops(c));
	free(n);
}

static void look(struct caller *c)
{
	if (atomic_fetch_add(&shared->looks, 1) > 0)
		return;
	for (int i = 0; i < TASKS; i++) {
		struct numbered *n = calloc(1, sizeof(*n));

		*n = (struct numbered){ .task = { .work = work, .done = done }, .n = i, .loop = pthread_self() };
		caller_do(c, &n->task);
	}
	if (!caller_providers(c) || !caller_outbound(c))
		atomic_store(&shared->bad_order, true);
}

static const struct caller_job jobs[] = { { .name = "test", .look = look }, { .name = NULL } };

/* --- of the test ------------------------------------------------------------------------- */

static pid_t start(bool slow)
{
	pid_t pid;

	*shared = (struct shared){ .slow = slow };
	if (pipe(lifeline) != 0)
		exit(1);
	child.lifeline_fd = lifeline[0];
	pid = fork();
	if (pid == 0) {
		close(lifeline[1]);
		_exit(caller_run(&child, jobs));
	}
	close(lifeline[0]);
	return pid;
}

static bool reaches(_Atomic int *number, int value)
{
	int64_t until = clock_monotonic() + PATIENCE_MS;

	while (atomic_load(number) < value && clock_monotonic() < until)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	return atomic_load(number) >= value;
}

static int ends(pid_t pid)
{
	int status = -1;

	if (lifeline[1] >= 0)
		close(lifeline[1]);
	lifeline[1] = -1;
	waitpid(pid, &status, 0);
	return status;
}

static void test_life(void)
{
	pid_t pid = start(false);

	ok(reaches(&shared->looks, 1), "it looks when it starts");
	ok(reaches(&shared->done, TASKS), "its tasks are done");
	ok(!atomic_load(&shared->bad_thread), "by another thread, with an arena");
	ok(!atomic_load(&shared->bad_order), "and come back to the loop in order, with what they failed of");
	/* more looks than the seconds that go by: it was woken */
	int before = atomic_load(&shared->looks);
	int64_t from = clock_monotonic();
	for (int i = 1; i <= 20; i++) {
		eventfd_write(child.caller_fd, 1);
		if (!reaches(&shared->looks, before + i))
			break;
	}
	ok(atomic_load(&shared->looks) - before >= 20, "each write to its eventfd makes it look");
	ok(clock_monotonic() - from < 10000, "at once: by itself it would take 20 seconds");
	before = atomic_load(&shared->looks);
	ok(reaches(&shared->looks, before + 1), "and a second without one");
	is_int(ends(pid), 0, "it ends when the master has gone");
}

static void test_term(void)
{
	struct pollfd p = { .fd = child.caller_fd, .events = POLLIN };
	pid_t pid = start(true);

	ok(reaches(&shared->began, 1), "a task is under way");
	kill(pid, SIGTERM);
	while (atomic_load(&child.slot->state) == SLOT_FREE)
		;
	nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	eventfd_write(child.caller_fd, 1);
	nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	is_int(waitpid(pid, NULL, WNOHANG), 0, "TERM waits for it");
	is_int(poll(&p, 1, 0), 1, "what wakes the next caller is left alone");
	atomic_store(&shared->slow, false);
	is_int(ends(pid), 0, "then it ends");
	is_int(atomic_load(&shared->done), TASKS, "and all tasks are done");
	ok(atomic_load(&shared->stops), "which know that it stops");
	is_int(atomic_load(&child.slot->state), SLOT_STOPPING, "as its slot says");
}

static void test_config(void)
{
	pid_t pid;

	conf.outbound_ca_file = "/nonexistent/ca.pem";
	pid = start(false);
	is_int(WEXITSTATUS(ends(pid)), EXIT_FAILURE, "without its authorities it does not start");
	conf.outbound_ca_file = "";
	conf.providers_file = "/nonexistent/providers.json";
	pid = start(false);
	is_int(WEXITSTATUS(ends(pid)), EXIT_FAILURE, "nor without its providers");
}

int main(void)
{
	struct err err;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	child = (struct child){ .conf = &conf, .unchecked = true, .listen_fd = -1, .commit_fd = -1, .refresh_fd = -1,
				.scoreboard = scoreboard_new(1, &err),
				.caller_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	if (shared == MAP_FAILED || !child.scoreboard || child.caller_fd < 0)
		return tap_skip_all("no shared memory");
	child.slot = &child.scoreboard->slots[0];
	child.slot->role = ROLE_CALLER;
	test_life();
	test_term();
	test_config();
	scoreboard_free(&child.scoreboard);
	return tap_done();
}
