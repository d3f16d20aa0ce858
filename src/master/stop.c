/*
 * master/stop.c - how all of it ends: workers first, then those in the
 * background, which find what the workers left.
 */
#include "config.h"

#include <signal.h>

#include "master/master_private.h"
#include "shm/ring.h"

#define LAST_MS 2000     /* for those in the background, when workers took all of the stop's time */

static size_t workers_running(const struct generation *g)
{
	size_t n = 0;

	for (size_t k = 0; k < g->n; k++)
		n += g->procs[k].pid != 0 && proc_ends_first(&g->procs[k]);
	return n;
}

void generation_stop(struct master *m, int64_t now)
{
	int64_t timeout = 0;

	listen_shut(m);
	m->check.wanted = false;
	if (m->check.pid)
		kill(m->check.pid, SIGTERM);
	for (size_t i = 0; i < GENERATIONS; i++) {
		const struct conf *conf = m->gen[i].conf;

		if (conf && conf->stop_timeout_ms > timeout)
			timeout = conf->stop_timeout_ms;
		generation_tell(&m->gen[i], false);
	}
	m->stop_until = now + timeout;
}

static void kill_late(struct master *m, struct generation *g, int64_t now)
{
	bool first = now >= m->stop_until, others = now >= m->stop_until + LAST_MS;

	for (size_t k = 0; k < g->n; k++)
		if (proc_ends_first(&g->procs[k]) ? first : others)
			proc_kill_late(m, &g->procs[k], now);
}

static bool rows_wait(const struct master *m)
{
	for (size_t i = 0; i < ring_count(m->segment); i++)
		if (ring_depth(m->segment, i) > 0)
			return true;
	return false;
}

static bool recorder_runs(const struct generation *g)
{
	for (size_t k = 0; k < g->n; k++)
		if (g->procs[k].slot->role == ROLE_RECORDER && g->procs[k].pid)
			return true;
	return false;
}

/* Fork the recorder once more when it was killed and left rows; it is told to finish as
 * soon as it runs. */
static void last_recorder(struct master *m, int64_t now)
{
	struct generation *g = gen_old(m);

	if (m->last_recorder || recorder_runs(&m->gen[0]) || recorder_runs(&m->gen[1]) ||
	    !rows_wait(m))
		return;
	m->last_recorder = true;
	for (size_t k = 0; k < g->n; k++)
		if (g->procs[k].slot->role == ROLE_RECORDER) {
			g->procs[k].wanted = true;
			g->procs[k].due = now;
		}
}

bool generation_stopped(const struct master *m)
{
	for (size_t i = 0; i < GENERATIONS; i++)
		for (size_t k = 0; k < m->gen[i].n; k++)
			if (m->gen[i].procs[k].pid || m->gen[i].procs[k].wanted)
				return false;
	return true;
}

/* Schedulers and recorders go last: the final checkpoint finds no writer, and
 * no row comes after the last batch. */
void generation_stop_step(struct master *m, int64_t now)
{
	size_t workers = 0;

	for (size_t i = 0; i < GENERATIONS; i++)
		workers += workers_running(&m->gen[i]);
	for (size_t i = 0; i < GENERATIONS; i++) {
		if (workers == 0)
			generation_tell(&m->gen[i], true);
		kill_late(m, &m->gen[i], now);
	}
	if (workers == 0)
		last_recorder(m, now);
	if (now >= m->stop_until && m->check.pid)
		kill(m->check.pid, SIGKILL);
}
