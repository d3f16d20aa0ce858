/*
 * master/master.c - the loop and its states.
 *
 * All signals are blocked and taken one by one, so nothing here runs inside a
 * handler. The loop forks at its top, waits for a signal or the next thing
 * due, then lets each part take its step.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "master/master_private.h"

#define TICK_MS 500         /* how late the watchdog may look */
#define TICK_BUSY_MS 20     /* while children come up or go */

static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS,
			      SIGTSTP, SIGTTIN, SIGTTOU };
static const int handled[] = { SIGCHLD, SIGHUP, SIGTERM, SIGINT, SIGQUIT };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Everything is blocked but faults and job control; `set` is what we wait for. */
static void block_signals(sigset_t *set)
{
	sigset_t all;

	sigfillset(&all);
	for (size_t i = 0; i < COUNT(faults); i++)
		sigdelset(&all, faults[i]);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(set);
	for (size_t i = 0; i < COUNT(handled); i++)
		sigaddset(set, handled[i]);
}

static void stop(struct master *m)
{
	if (m->state == MASTER_STOPPING)
		return;
	m->state = MASTER_STOPPING;
	notify_stopping();
	generation_stop(m, clock_monotonic());
}

static void act(struct master *m, int signal_number)
{
	switch (signal_number) {
	case SIGHUP:
		if (m->state != MASTER_STOPPING)
			m->reload_asked = true;
		return;
	case SIGTERM:
	case SIGINT:
	case SIGQUIT:
		log_info("stopping", LOG_S("signal", strsignal(signal_number)));
		stop(m);
		return;
	default:
		return;   /* SIGCHLD: the loop reaps in any case */
	}
}

static int64_t next_wake(const struct master *m, int64_t now)
{
	int64_t least = m->state == MASTER_NORMAL ? TICK_MS : TICK_BUSY_MS;

	return spawn_next(m, now, now + least) - now;
}

/* One signal, or the time that is left until something is due. */
static void wait_signal(struct master *m, const sigset_t *set)
{
	int64_t ms = next_wake(m, clock_monotonic());
	struct timespec ts = { .tv_sec = ms / SECOND_MS, .tv_nsec = ms % SECOND_MS * 1000000 };
	int n = sigtimedwait(set, NULL, &ts);

	if (n > 0)
		act(m, n);
}

static void step(struct master *m)
{
	int64_t now = clock_monotonic();

	spawn_reap(m, now);
	watch_step(m, now);
	watch_repeats(m, now);
	notify_watchdog(&m->watchdog_due, now);
	if (m->state == MASTER_STOPPING)
		generation_stop_step(m, now);
	else if (m->state == MASTER_RELOADING)
		generation_step(m, now);
	else if (m->reload_asked)
		generation_reload(m);
	else
		generation_retry(m, now);
	if (m->failed)
		stop(m);
}

static bool stopped(const struct master *m)
{
	return m->state == MASTER_STOPPING && !m->check.pid && generation_stopped(m);
}

static bool prepare(struct master *m, struct err *err_r)
{
	struct conf *conf = m->options->conf;

	m->caller_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	m->commit_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	m->refresh_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->caller_fd >= 0 && m->commit_fd >= 0 && m->refresh_fd >= 0 &&
	    pipe2(m->lifeline, O_CLOEXEC) == 0 && listen_open(m, conf, err_r) &&
	    generation_init(m, conf, err_r)) {
		generation_begin(m, conf);
		return true;
	}
	if (m->lifeline[0] < 0)
		err_set(err_r, ERR_INTERNAL, "no descriptors: %s", strerror(errno));
	conf_free(&conf);
	return false;
}

static void clean_up(struct master *m)
{
	const int fds[] = { m->lifeline[0], m->lifeline[1], m->caller_fd, m->commit_fd, m->refresh_fd, m->claim_fd };

	listen_close(m);
	generation_free(m);
	for (size_t i = 0; i < COUNT(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

bool master_run(const struct master_options *o, struct err *err_r)
{
	struct master m = {
		.options = o,
		.lifeline = { -1, -1 },
		.claim_fd = -1,
		.caller_fd = -1,
		.commit_fd = -1, .refresh_fd = -1,
		.check.fd = -1,
		.listeners = { { .role = ROLE_FAST, .fd = -1 }, { .role = ROLE_SLOW, .fd = -1 } },
	};
	bool started;
	sigset_t set;

	block_signals(&set);
	started = prepare(&m, err_r);
	while (started && !stopped(&m)) {
		spawn_due(&m, clock_monotonic());
		wait_signal(&m, &set);
		step(&m);
	}
	clean_up(&m);
	if (m.failed && err_r)
		*err_r = m.err;
	if (started && !m.failed)
		log_info("stopped", LOG_N("generations", m.reloads));
	return started && !m.failed;
}
