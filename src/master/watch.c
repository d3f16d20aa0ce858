/*
 * master/watch.c - the watchdog over the scoreboard. It only ends processes
 * that are ours by the master's own table; the slot says why. And the count of
 * what the log does not repeat.
 */
#include "config.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "master/master_private.h"

#define GRACE_MS 1000       /* past the deadline, before the kill */
#define START_MS 60000      /* for a child to become idle the first time */

static void kill_stuck(struct proc *p, int64_t started, int64_t now)
{
	char route[SLOT_ROUTE], request_id[SLOT_REQUEST_ID];
	const char *r = route, *id = request_id;

	/* the owner may be writing: our copies end where the fields end */
	snprintf(route, sizeof(route), "%.*s", SLOT_ROUTE - 1, p->slot->route);
	snprintf(request_id, sizeof(request_id), "%.*s", SLOT_REQUEST_ID - 1, p->slot->request_id);
	log_warn("request_stuck", LOG_S("route", *r ? r : NULL),
		 LOG_S("request_id", *id ? id : NULL), LOG_N("pid", p->pid),
		 LOG_S("role", slot_role_name(p->slot->role)),
		 LOG_N("seconds", (now - started) / SECOND_MS), LOG_S("action", "killed"));
	proc_kill(p);
}

static void watch(struct proc *p, int64_t now)
{
	const struct slot *s = p->slot;
	int64_t started = atomic_load(&s->started), deadline = atomic_load(&s->deadline);
	int state = atomic_load(&s->state);

	if (state == SLOT_STARTING && now - p->born > START_MS) {
		log_warn("start_stuck", LOG_S("role", slot_role_name(s->role)),
			 LOG_N("pid", p->pid), LOG_S("action", "killed"));
		proc_kill(p);
		return;
	}
	if ((state == SLOT_READING || state == SLOT_SERVING) && started &&
	    now > deadline + GRACE_MS && atomic_load(&s->started) == started)
		kill_stuck(p, started, now);
}

void watch_step(struct master *m, int64_t now)
{
	for (size_t i = 0; i < GENERATIONS; i++)
		for (size_t k = 0; k < m->gen[i].n; k++)
			if (m->gen[i].procs[k].pid && !m->gen[i].procs[k].killed)
				watch(&m->gen[i].procs[k], now);
}

void watch_repeats(struct master *m, int64_t now)
{
	char sentence[REPEAT_TEXT];
	int64_t n;

	if (now < m->repeats_due)
		return;
	m->repeats_due = now + SECOND_MS;
	for (size_t i = 0; (n = repeat_take(&m->scoreboard->repeats, i, sentence)) >= 0; i++)
		if (n > 0)
			log_warn("requests_failed", LOG_N("more", n), LOG_S("error", sentence));
}
