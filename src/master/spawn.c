/*
 * master/spawn.c - fork, reap, back off. Decides nothing about what should
 * run; it makes `wanted` true. A child runs its main and _exits: it never
 * returns into the loop.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "master/master_private.h"

#define YOUNG_MS 2000           /* who dies before this age backs off */
#define THROTTLE_MIN_MS 100
#define BACKOFF_MAX_MS 1000     /* a pool that keeps dying is back within 2 s */

static void slot_clear(struct slot *s)
{
	atomic_store(&s->state, SLOT_FREE);
	atomic_store(&s->hashing, 0);   /* a dead holder's permit comes back */
	atomic_store(&s->started, 0);
	atomic_store(&s->deadline, 0);
	atomic_store(&s->requests, 0);
	atomic_store(&s->connections, 0);
	atomic_store(&s->calls, 0);
	atomic_store(&s->calls_waiting, 0);
	atomic_store(&s->tasks, 0);
	s->pid = 0;
}

static int listen_fd(const struct master *m, enum slot_role role)
{
	for (size_t i = 0; i < LISTENERS; i++)
		if (m->listeners[i].role == role)
			return m->listeners[i].fd;
	return -1;
}

/* For ps and top: "pierre fast/0", cut at 15 characters by the system. */
static void show_name(const char *name)
{
	char comm[40];

	snprintf(comm, sizeof(comm), "pierre %s", name);
	prctl(PR_SET_NAME, comm);
}

/* Of both generations in a reload. */
static void wipe_keys(const struct master *m)
{
	for (size_t i = 0; i < GENERATIONS; i++)
		if (m->gen[i].conf)
			conf_wipe_keys(m->gen[i].conf);
}

_Noreturn static void child_run(struct master *m, const struct generation *g, struct proc *p)
{
	struct child c = {
		.conf = g->conf,
		.scoreboard = m->scoreboard,
		.slot = p->slot,
		.unchecked = g->unchecked,
		.segment = g->unchecked ? NULL : m->segment,
		.block = (size_t)(p->slot - m->scoreboard->slots),
		.listen_fd = listen_fd(m, p->slot->role),
		.lifeline_fd = m->lifeline[0],
		.caller_fd = m->caller_fd,
		.commit_fd = m->commit_fd, .refresh_fd = m->refresh_fd,
	};
	char name[32];
	int status;

	if (m->options->roles[p->slot->role].take_keys)
		m->options->roles[p->slot->role].take_keys(g->conf, &c);
	wipe_keys(m);
	close(m->lifeline[1]);
	for (size_t i = 0; i < LISTENERS; i++)
		if (m->listeners[i].fd != c.listen_fd)
			close(m->listeners[i].fd);
	p->slot->pid = getpid();
	snprintf(name, sizeof(name), "%s/%d", slot_role_name(p->slot->role), p->slot->index);
	log_init(name, (enum log_level)g->conf->log_level);
	show_name(name);
	status = m->options->roles[p->slot->role].main(&c);
	atomic_store(&p->slot->state, SLOT_FREE);   /* a killed master cannot say so */
	_exit(status);
}

/* The next fork of such a child waits twice as long each time, until it lives. */
static void back_off(struct proc *p, int64_t now)
{
	if (now - p->born >= YOUNG_MS)
		p->delay = 0;
	else if (p->delay == 0)
		p->delay = THROTTLE_MIN_MS;
	else
		p->delay = p->delay * 2 < BACKOFF_MAX_MS ? p->delay * 2 : BACKOFF_MAX_MS;
	p->due = now + p->delay;
}

static void proc_spawn(struct master *m, const struct generation *g, struct proc *p, int64_t now)
{
	pid_t pid;

	slot_clear(p->slot);
	atomic_store(&p->slot->state, SLOT_STARTING);
	p->born = now;
	p->told = p->killed = p->ready = false;
	pid = fork();
	if (pid == 0)
		child_run(m, g, p);
	if (pid < 0) {
		log_error("fork_failed", LOG_S("error", strerror(errno)));
		back_off(p, now);
		return;
	}
	p->pid = p->slot->pid = pid;
}

/* --- the check child --------------------------------------------------------- */

_Noreturn static void check_run(struct master *m, int fd)
{
	bool reload = gen_old(m) != gen_next(m) && !gen_old(m)->unchecked;
	struct check_report report = { .err.kind = ERR_NONE };
	sigset_t none;
	bool good;

	close(m->lifeline[1]);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	show_name("check");
	log_init("check", (enum log_level)gen_next(m)->conf->log_level);
	good = m->options->check(gen_next(m)->conf, reload, report.database_id, &report.err);
	if (write(fd, &report, sizeof(report)) != (ssize_t)sizeof(report))
		_exit(2);
	_exit(good ? 0 : 1);
}

static void check_spawn(struct master *m)
{
	int fds[2];

	m->check.wanted = m->check.good = false;
	m->check.done = true;   /* unless one is forked */
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) {
		err_set(&m->check.report.err, ERR_INTERNAL, "no pipe: %s", strerror(errno));
		return;
	}
	m->check.pid = fork();
	if (m->check.pid == 0)
		check_run(m, fds[1]);
	close(fds[1]);
	if (m->check.pid > 0) {
		m->check.fd = fds[0];
		m->check.done = false;
		return;
	}
	m->check.pid = 0;
	close(fds[0]);
	err_set(&m->check.report.err, ERR_INTERNAL, "cannot fork: %s", strerror(errno));
}

static void check_reaped(struct master *m, int status)
{
	struct check *c = &m->check;

	c->done = true;
	c->good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (read(c->fd, &c->report, sizeof(c->report)) != (ssize_t)sizeof(c->report)) {
		c->good = false;
		err_set(&c->report.err, ERR_INTERNAL, "the check of the configuration ended by %s",
			WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "an error");
	}
	close(c->fd);
	c->fd = -1;
	c->pid = 0;
}

/* --- all of them --------------------------------------------------------------- */

void spawn_due(struct master *m, int64_t now)
{
	if (m->check.wanted)
		check_spawn(m);
	for (size_t i = 0; i < GENERATIONS; i++) {
		const struct generation *g = &m->gen[i];

		for (size_t k = 0; k < g->n; k++)
			if (g->procs[k].wanted && !g->procs[k].pid && g->procs[k].due <= now)
				proc_spawn(m, g, &g->procs[k], now);
	}
}

int64_t spawn_next(const struct master *m, int64_t now, int64_t least)
{
	for (size_t i = 0; i < GENERATIONS; i++) {
		const struct generation *g = &m->gen[i];

		for (size_t k = 0; k < g->n; k++)
			if (g->procs[k].wanted && !g->procs[k].pid && g->procs[k].due < least)
				least = g->procs[k].due;
	}
	return least > now && !m->check.wanted ? least : now;
}

static struct proc *proc_find(struct master *m, pid_t pid, struct generation **gen_r)
{
	for (size_t i = 0; i < GENERATIONS; i++)
		for (size_t k = 0; k < m->gen[i].n; k++)
			if (m->gen[i].procs[k].pid == pid) {
				*gen_r = &m->gen[i];
				return &m->gen[i].procs[k];
			}
	return NULL;
}

static bool is_expected(const struct proc *p, int status)
{
	return p->told && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The request that it was at is in the slot, when it was at one. */
static void log_end(const struct generation *g, const struct proc *p, int status, int64_t now)
{
	bool by_signal = WIFSIGNALED(status);
	bool expected = is_expected(p, status);
	struct slot_request at;

	slot_request_read(p->slot, &at);
	LOG_EVENT(expected ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN,
		  expected ? "child_ended" : "child_died",
		  LOG_S("role", slot_role_name(p->slot->role)), LOG_N("index", p->slot->index),
		  LOG_N("pid", p->pid), LOG_N("generation", g->number),
		  LOG_N(by_signal ? "signal" : "status",
			by_signal ? WTERMSIG(status) : WEXITSTATUS(status)),
		  LOG_S(at.route[0] ? "route" : NULL, at.route),
		  LOG_S(at.request_id[0] ? "request_id" : NULL, at.request_id),
		  LOG_N("age_ms", now - p->born),
		  LOG_N(p->wanted ? "respawn_in_ms" : NULL, p->delay));
}

static void proc_reaped(struct master *m, pid_t pid, int status, int64_t now)
{
	struct generation *g;
	struct proc *p = proc_find(m, pid, &g);

	if (!p)
		return;
	back_off(p, now);
	log_end(g, p, status, now);
	if (!is_expected(p, status))
		atomic_fetch_add(&m->scoreboard->deaths[p->slot->role], 1);
	/* one that could not mark it itself: by the kernel's SIGKILL, say */
	if (WIFSIGNALED(status) && !scoreboard_is_marked(m->scoreboard, p->slot, now))
		scoreboard_mark(m->scoreboard, p->slot, now);
	slot_clear(p->slot);
	p->pid = 0;
	p->ready = false;
}

void spawn_reap(struct master *m, int64_t now)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == m->check.pid)
			check_reaped(m, status);
		else
			proc_reaped(m, pid, status, now);
	}
}

void proc_tell(struct proc *p)
{
	if (!p->pid || p->told)
		return;
	p->told = true;
	p->told_at = clock_monotonic();
	kill(p->pid, SIGTERM);
}

void proc_kill(struct master *m, struct proc *p)
{
	if (!p->pid || p->killed)
		return;
	p->killed = true;
	/* before its connections close: nginx repeats the request at once */
	scoreboard_mark(m->scoreboard, p->slot, clock_monotonic());
	kill(p->pid, SIGKILL);
}

void proc_kill_late(struct master *m, struct proc *p, int64_t now)
{
	if (!p->told || now >= p->told_at + m->options->roles[p->slot->role].finish_ms)
		proc_kill(m, p);
}
