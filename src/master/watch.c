/*
 * master/watch.c - the watchdog over the scoreboard. It only ends processes of the
 * master's own table; the slot says why. It also logs how often sentences were counted
 * instead of logged.
 */
#include "config.h"

#include "base/clock.h"
#include "base/log.h"
#include "master/master_private.h"

#define GRACE_MS 1000       /* past the deadline, before the kill */
#define START_MS 60000      /* for a child to become idle the first time */

static void kill_stuck(struct master *m, struct proc *p, int64_t started, int64_t now)
{
	struct slot_request at;

	slot_request_read(p->slot, &at);
	log_warn("request_stuck", LOG_S("route", at.route[0] ? at.route : NULL),
		 LOG_S("request_id", at.request_id[0] ? at.request_id : NULL), LOG_N("pid", p->pid),
		 LOG_S("role", slot_role_name(p->slot->role)),
		 LOG_N("seconds", (now - started) / SECOND_MS), LOG_S("action", "killed"));
	proc_kill(m, p);
}

static void watch(struct master *m, struct proc *p, int64_t now)
{
	const struct slot *s = p->slot;
	int64_t started = atomic_load(&s->started), deadline = atomic_load(&s->deadline);
	int state = atomic_load(&s->state);

	if (state == SLOT_STARTING && now - p->born > START_MS) {
		log_warn("start_stuck", LOG_S("role", slot_role_name(s->role)),
			 LOG_N("pid", p->pid), LOG_S("action", "killed"));
		proc_kill(m, p);
		return;
	}
	if ((state == SLOT_READING || state == SLOT_SERVING) && started &&
	    now > deadline + GRACE_MS && atomic_load(&s->started) == started)
		kill_stuck(m, p, started, now);
}

void watch_step(struct master *m, int64_t now)
{
	for (size_t i = 0; i < GENERATIONS; i++)
		for (size_t k = 0; k < m->gen[i].n; k++)
			if (m->gen[i].procs[k].pid && !m->gen[i].procs[k].killed)
				watch(m, &m->gen[i].procs[k], now);
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
