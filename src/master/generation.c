/*
 * master/generation.c - which children should run: the new world is built
 * before the old one is left, and on any failure the old one stays.
 *
 * CHECK: a forked child tries the configuration out. SEGMENT: the shared memory
 * is opened and the database claimed, once. RAISE: the new children
 * are forked, and all must become idle. DRAIN: the old ones are told to finish.
 *
 * At a start without its database a first generation comes up unchecked: its
 * workers refuse what needs the database. A reload is then tried again and
 * again, and the one that works takes its place.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "master/master_private.h"

#define RAISE_MS 30000   /* a new generation that is not up by then is given up */
#define SEGMENT_MS 1000  /* past the last request of a service that was killed */
#define RETRY_MS 1000    /* between two checks while the database is away */

static bool is_first(struct master *m)
{
	return gen_old(m) == gen_next(m);
}

bool generation_init(struct master *m, const struct conf *conf, struct err *err_r)
{
	m->procs_max = LISTENERS * (size_t)conf->max_workers + BACKGROUND;
	m->scoreboard = scoreboard_new(GENERATIONS * m->procs_max, err_r);
	if (!m->scoreboard)
		return false;
	for (size_t i = 0; i < GENERATIONS; i++) {
		struct proc *procs = calloc(m->procs_max, sizeof(*procs));

		if (!procs)
			return err_set(err_r, ERR_INTERNAL, "out of memory");
		for (size_t k = 0; k < m->procs_max; k++)
			procs[k].slot = &m->scoreboard->slots[i * m->procs_max + k];
		m->gen[i].procs = procs;
	}
	return true;
}

static void forget(struct generation *g)
{
	conf_free(&g->conf);
	g->number = 0;
	g->n = 0;
	g->unchecked = false;
}

void generation_free(struct master *m)
{
	for (size_t i = 0; i < GENERATIONS; i++) {
		forget(&m->gen[i]);
		free(m->gen[i].procs);
	}
	scoreboard_free(&m->scoreboard);
	segment_close(&m->segment);
}

static size_t generation_running(const struct generation *g)
{
	size_t n = 0;

	for (size_t k = 0; k < g->n; k++)
		n += g->procs[k].pid != 0;
	return n;
}

/* Those that write end first; scheduler and recorder then find what they left. */
bool proc_ends_first(const struct proc *p)
{
	return p->slot->role != ROLE_SCHEDULER && p->slot->role != ROLE_RECORDER;
}

void generation_tell(struct generation *g, bool all)
{
	for (size_t k = 0; k < g->n; k++) {
		g->procs[k].wanted = false;
		if (all || proc_ends_first(&g->procs[k]))
			proc_tell(&g->procs[k]);
	}
}

static void kill_all(struct master *m, struct generation *g, int64_t now)
{
	for (size_t k = 0; k < g->n; k++) {
		g->procs[k].wanted = false;
		proc_kill_late(m, &g->procs[k], now);
	}
}

/* --- bringing one up ----------------------------------------------------------- */

void generation_begin(struct master *m, struct conf *conf)
{
	bool first = m->reloads == 0;
	struct generation *g;

	m->reloads++;
	if (first)
		m->current = m->reloads % GENERATIONS;
	g = gen_next(m);
	g->number = m->reloads;
	g->conf = conf;
	m->state = MASTER_RELOADING;
	m->phase = PHASE_CHECK;
	m->check.wanted = true;
}

static void add_procs(struct generation *g, enum slot_role role, int64_t count, int64_t now)
{
	for (int64_t i = 0; i < count; i++) {
		struct proc *p = &g->procs[g->n++];
		struct slot *slot = p->slot;

		*p = (struct proc){ .slot = slot, .wanted = true, .due = now };
		slot->role = role;
		slot->index = (int)i;
		slot->generation = g->number;
	}
}

static void raise_new(struct master *m, int64_t now)
{
	struct generation *g = gen_next(m);

	add_procs(g, ROLE_FAST, g->conf->fast_workers, now);
	add_procs(g, ROLE_SLOW, g->conf->slow_workers, now);
	if (!g->unchecked) {
		add_procs(g, ROLE_SCHEDULER, 1, now);
		add_procs(g, ROLE_RECORDER, 1, now);
		add_procs(g, ROLE_CALLER, 1, now);
	}
	m->phase = PHASE_RAISE;
	m->raise_until = now + RAISE_MS;
}

/* Logged once, however often it is tried. */
static void not_serving(struct master *m, const char *because)
{
	if (str_eq(m->waits_for, because))
		return;
	str_copy(m->waits_for, sizeof(m->waits_for), because);
	log_error("not_serving", LOG_S("error", because),
		  LOG_S("until", "a check, tried every second, finds no fault"));
}

static void wait_on(struct master *m)
{
	m->retry_due = clock_monotonic() + RETRY_MS;
	notify_ready("Answering 503", m->waits_for);
}

static void reload_failed(struct master *m, const char *because)
{
	if (gen_old(m)->unchecked) {
		not_serving(m, because);
		wait_on(m);
		return;
	}
	log_error("reload_failed", LOG_S("error", because), LOG_S("kept", "old configuration"));
	notify_ready("Serving with the old configuration", because);
}

/* Back to what was there before; the new children, if any, are gone. */
static void keep_old(struct master *m, const char *because)
{
	reload_failed(m, because);
	forget(gen_next(m));
	m->reloads--;
	m->state = MASTER_NORMAL;
}

/* A first try, by what cannot come back by itself. One that answers 503 already goes
 * on until the configuration is known to be wrong: a check that is killed for want
 * of memory says nothing of it. */
static bool ends_service(struct master *m, const struct err *err)
{
	if (is_first(m))
		return !err_is_passing(err);
	return gen_old(m)->unchecked && err->kind == ERR_CONFIG;
}

static void give_up(struct master *m, const struct err *err)
{
	if (ends_service(m, err)) {
		m->failed = true;
		m->err = *err;
	} else if (is_first(m)) {
		gen_next(m)->unchecked = true;
		not_serving(m, err->message);
		raise_new(m, clock_monotonic());
	} else {
		keep_old(m, err->message);
	}
}

/* A service that was killed may have children that finish a request: the segment
 * and the database are theirs until then. */
static void segment_step(struct master *m, int64_t now)
{
	const struct conf *conf = gen_next(m)->conf;
	struct err err;

	if (!m->segment)
		m->segment = segment_open(&(struct segment_options){
			.dir = conf->runtime_dir, .database_id = m->database_id,
			.rings = m->scoreboard->n, .limit_slots = (size_t)conf->limit_slots,
			.cache_bytes = (size_t)conf->cache_mb << 20,
			.labels = m->options->labels,
		}, NULL, &err);
	m->claimed = m->segment && m->options->claim(conf, &m->claim_fd, &err);
	if (m->claimed)
		raise_new(m, now);
	else if (err.kind != ERR_CONFLICT || now >= m->segment_until)
		give_up(m, &err);
}

static void check_good(struct master *m, const char *database_id, int64_t now)
{
	const struct conf *conf = gen_next(m)->conf;
	struct err err;

	if (m->segment && !str_eq(m->database_id, database_id)) {
		err_set(&err, ERR_CONFIG, "the database is another one than at the start; restart to use it");
		give_up(m, &err);
		return;
	}
	if (m->claimed) {
		raise_new(m, now);
		return;
	}
	memcpy(m->database_id, database_id, sizeof(m->database_id));
	m->phase = PHASE_SEGMENT;
	m->segment_until = now + conf->request_deadline_ms + SEGMENT_MS;
	segment_step(m, now);
	if (m->phase == PHASE_SEGMENT && !m->failed)
		log_info("room_waits", LOG_S("runtime_dir", conf->runtime_dir),
			 LOG_S("for", "the last processes of another service"));
}

static void check_step(struct master *m, int64_t now)
{
	struct check *c = &m->check;

	if (!c->done)
		return;
	c->done = false;
	if (c->good)
		check_good(m, c->report.database_id, now);
	else
		give_up(m, &c->report.err);
}

static struct conf *load(struct master *m, struct err *err_r)
{
	struct conf *conf = conf_load(m->options->config_file, err_r);
	const char *name;

	if (!conf)
		return NULL;
	conf_keep_keys(conf, gen_old(m)->conf);
	name = conf_needs_restart(gen_old(m)->conf, conf);
	if (!name && conf_keep_files(conf, err_r))
		return conf;
	if (name)
		err_field(err_r, ERR_CONFIG, name, "%s cannot change in a reload; restart to change it", name);
	conf_free(&conf);
	return NULL;
}

static void try_new(struct master *m)
{
	struct err err;
	struct conf *conf = load(m, &err);

	if (conf)
		generation_begin(m, conf);
	else
		reload_failed(m, err.message);
}

void generation_reload(struct master *m)
{
	m->reload_asked = false;
	notify_reloading();
	log_info("reloading", LOG_S("config", m->options->config_file));
	try_new(m);
}

void generation_retry(struct master *m, int64_t now)
{
	if (gen_old(m)->unchecked && now >= m->retry_due)
		try_new(m);
}

/* --- its steps -------------------------------------------------------------------- */

static bool all_ready(struct generation *g)
{
	size_t n = 0;

	for (size_t k = 0; k < g->n; k++) {
		struct proc *p = &g->procs[k];
		int state = atomic_load(&p->slot->state);

		if (p->pid && state >= SLOT_IDLE && state < SLOT_STOPPING)
			p->ready = true;
		n += p->ready;
	}
	return n == g->n;
}

static void log_up(struct master *m, bool first)
{
	const struct conf *conf = gen_next(m)->conf;
	const struct listener *l = m->listeners;

	log_init("master", (enum log_level)conf->log_level);
	clock_set_offset(conf->clock_offset, conf->host_clock_offset);
	if (conf->clock_offset || conf->host_clock_offset)
		log_warn("clock_offset", LOG_N("seconds", conf->clock_offset),
			 LOG_N("host_seconds", conf->host_clock_offset),
			 LOG_S("meaning", "for tests only: moments are wrong on purpose"));
	log_info(first ? "started" : "reloaded", LOG_N("generation", gen_next(m)->number),
		 LOG_S("backend", m->options->backend), LOG_N("fast", conf->fast_workers),
		 LOG_N("slow", conf->slow_workers),
		 LOG_S("fast_socket", l[0].inherited ? "inherited" : l[0].path),
		 LOG_S("slow_socket", l[1].inherited ? "inherited" : l[1].path));
}

static void came_up(struct master *m, int64_t now)
{
	bool first = is_first(m);
	int permits = (int)(gen_next(m)->conf->slow_workers / 2);

	atomic_store(&m->scoreboard->hashing_max, permits > 0 ? permits : 1);
	if (gen_next(m)->unchecked) {
		wait_on(m);
	} else {
		log_up(m, first || gen_old(m)->unchecked);
		notify_ready("Serving", NULL);
	}
	if (first) {
		m->state = MASTER_NORMAL;
		return;
	}
	m->phase = PHASE_DRAIN;
	m->drain_until = now + gen_old(m)->conf->stop_timeout_ms;
	generation_tell(gen_old(m), true);
}

/* Those that are up may be serving already: they finish. */
static void abandon(struct master *m, struct generation *g)
{
	for (size_t k = 0; k < g->n; k++) {
		g->procs[k].wanted = false;
		if (g->procs[k].ready)
			proc_tell(&g->procs[k]);
		else
			proc_kill(m, &g->procs[k]);
	}
}

static void raise_step(struct master *m, int64_t now)
{
	/* at the start there is nothing to go back to: go on trying */
	if (is_first(m) || now < m->raise_until) {
		if (all_ready(gen_next(m)))
			came_up(m, now);
		return;
	}
	abandon(m, gen_next(m));
	if (now >= m->raise_until + gen_old(m)->conf->stop_timeout_ms)
		kill_all(m, gen_next(m), now);
	if (generation_running(gen_next(m)) > 0)
		return;
	keep_old(m, "the new processes did not come up in 30 s");
}

static void drain_step(struct master *m, int64_t now)
{
	struct generation *old = gen_old(m);

	if (now >= m->drain_until)
		kill_all(m, old, now);
	if (generation_running(old) > 0)
		return;
	forget(old);
	m->current = m->reloads % GENERATIONS;
	m->state = MASTER_NORMAL;
}

void generation_step(struct master *m, int64_t now)
{
	if (m->phase == PHASE_CHECK)
		check_step(m, now);
	else if (m->phase == PHASE_SEGMENT)
		segment_step(m, now);
	else if (m->phase == PHASE_RAISE)
		raise_step(m, now);
	else if (m->phase == PHASE_DRAIN)
		drain_step(m, now);
}
