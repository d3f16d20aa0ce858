/*
 * worker/scheduler.c - the one background process: refills leases of limits and
 * gives back idle ones, SQLite checkpoints, sweeps of what expired, months of
 * usage.
 *
 * Two checkpointers on one SQLite file can lose committed rows (R7), so the scheduler
 * that works holds the OFD lock on `<db>.checkpointer`; during a reload the new one is
 * idle until the old one has released it.
 */
#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/admin.h"
#include "db/handle.h"
#include "op/change.h"
#include "op/clock.h"
#include "op/key.h"
#include "op/limit.h"
#include "op/session.h"
#include "op/sweep.h"
#include "op/tenant.h"
#include "store/budget.h"
#include "store/change.h"
#include "store/fill.h"
#include "store/quota.h"
#include "store/usage.h"
#include "worker/metrics.h"
#include "worker/worker_private.h"

#define TICK_MS 50                  /* leases are tended this often */
#define FOLLOW_MS 250               /* changes of other hosts are read this often */
#define PERIOD_MS 1000              /* the rest is looked at this often */
#define SWEEP_MS 60000
#define FILL_MS 600000                /* from one walk that found nothing to the next, at first; */
#define FILL_IDLE_MS (24 * 3600000)   /* each pause is twice as long as the one before, up to this */
#define FILL_PASS_MS (TICK_MS / 2)    /* for pages of them that have nothing to be filled */
#define CHECKPOINT_MS 30000         /* frames of a WAL wait this long */
#define CHECKPOINT_BYTES (DB_LOG_KEEP / 2)  /* more of them do not wait: the rest is for a full disk */
#define LOCK_MS 500                 /* for the writer lock of a checkpoint or of links; else soon again */
#define LAST_MS 1000                /* for the checkpoint at a stop */
#define JOB_MS 60000                /* the watchdog's deadline for one job */

/* One of our SQLite files: accounts, quota. */
struct file {
	struct db *db;
	const char *wal_path;
	int64_t due;                        /* for frames that wait */
	int64_t after;                      /* not before then, however big it is */
	bool kept;                          /* the log has blocks of its own */
};

struct scheduler {
	struct worker w;
	const char *lock_path;              /* NULL on PostgreSQL */
	struct file files[2];
	size_t n_files;                     /* 0 on PostgreSQL */
	struct arena *names;
	int lock_fd;
	bool holds;                         /* this process has the lock */
	bool waits;                         /* the log says that it has not */
	struct metrics *metrics;            /* open while it has */
	struct change_watch watch;
	struct clock_watch clock;
	struct linker linker;
	struct fill fill;
	int64_t filled;                     /* rows, in this walk */
	int64_t fill_pause;                 /* before the next one */
	int64_t sweep_due, period_due, follow_due, fill_due;
	bool tend_failed, follow_failed, clock_failed, fill_failed;   /* said once, until it works again */
};

/* --- who works ------------------------------------------------------------------ */

static bool may_work(struct scheduler *s)
{
	if (s->holds)
		return true;
	if (!s->lock_path)
		return s->holds = true;
	if (!child_lock(s->lock_path, &s->lock_fd)) {
		if (!s->waits)
			log_debug("scheduler_waits", LOG_S("lock", s->lock_path));
		s->waits = true;
		return false;
	}
	log_debug("scheduler_works", LOG_S("lock", s->lock_path));
	return s->holds = true;
}

/* --- jobs ------------------------------------------------------------------------- */

static void job_begin(struct scheduler *s, const char *name)
{
	int64_t now = clock_monotonic();

	slot_reading(s->w.child->slot, now, now + JOB_MS);
	slot_serving(s->w.child->slot, name, "");
}

static void job_end(struct scheduler *s)
{
	slot_idle(s->w.child->slot);
	arena_reset(s->w.arena);
}

static struct op operation(const struct scheduler *s)
{
	return (struct op){
		.db = s->w.db, .arena = s->w.arena, .now = clock_now(),
		.process = &s->w.process, .actor.source = "scheduler",
	};
}

static void tend(struct scheduler *s)
{
	struct op op = operation(s);
	struct err err;
	bool good;

	job_begin(s, "limit_tend");
	good = op_limit_tend(&op, &err);
	if (!good && !s->tend_failed)
		log_warn("limit_tend_failed", LOG_S("error", err.message));
	s->tend_failed = !good;
	job_end(s);
}

static void follow(struct scheduler *s, int64_t now)
{
	struct op op = operation(s);
	struct err err;
	bool good;

	if (now < s->follow_due)
		return;
	s->follow_due = now + FOLLOW_MS;
	job_begin(s, "follow");
	good = op_changes_follow(&op, &s->watch, &err);
	if (!good && !s->follow_failed)
		log_warn("changes_not_followed", LOG_S("error", err.message));
	s->follow_failed = !good;
	job_end(s);
}

static void link_audit(struct scheduler *s, int64_t now)
{
	struct op op = operation(s);

	if (now < s->linker.due)
		return;
	job_begin(s, "audit_link");
	/* leases wait for this one; but the first time it may have many events to count */
	if (!s->linker.of.counted)
		db_deadline(s->w.db, now + JOB_MS / 2);
	else if (s->n_files > 0)
		db_deadline(s->w.db, now + LOCK_MS);
	linker_work(&s->linker, &op, now);
	db_deadline(s->w.db, 0);
	job_end(s);
}

/* What is too old goes as soon as the clock is confirmed. */
static void know_time(struct scheduler *s)
{
	struct op op = operation(s);
	enum clock_trust had = s->clock.rule.trust;
	struct err err;
	bool good;

	job_begin(s, "clock");
	good = op_clock_tick(&op, &s->clock, &err);
	if (!good && !s->clock_failed)
		log_warn("clock_not_read", LOG_S("error", err.message));
	s->clock_failed = !good;
	if (s->clock.rule.trust > had)
		s->sweep_due = 0;
	job_end(s);
}

static bool may_delete(const struct scheduler *s, enum clock_trust least, int64_t *now_r)
{
	return clock_known(&s->clock.rule, least, clock_uptime(), now_r);
}

/* Months of usage: those ahead are made, those too old are dropped. */
static void usage(struct scheduler *s)
{
	int64_t known, months = 0;
	struct err err;

	job_begin(s, "usage");
	if (!store_usage_prepare(s->w.process.usage, clock_now(), &err) ||
	    (may_delete(s, CLOCK_CONFIRMED, &known) &&
	     !store_usage_retire(s->w.process.usage, known, s->w.child->conf->usage_retention_months,
				 &months, &err)))
		log_warn("usage_upkeep_failed", LOG_S("error", err.message));
	if (months > 0)
		log_info("usage_dropped", LOG_N("months", months));
	job_end(s);
}

static bool sweep_leases(struct op *op, int64_t *n_r, struct err *err_r)
{
	return store_quota_sweep(op->process->quota, op->now, n_r, err_r);
}

static bool sweep_budgets(struct op *op, int64_t *n_r, struct err *err_r)
{
	return store_budget_sweep(op->process->quota, op->now, n_r, err_r);
}

static bool sweep_changes(struct op *op, int64_t *n_r, struct err *err_r)
{
	return store_changes_sweep(op->db, n_r, err_r);
}

/* One that fails each minute keeps none behind it from its work. */
static const struct {
	const char *what;
	enum clock_trust least;
	bool (*fn)(struct op *op, int64_t *n_r, struct err *err_r);
} sweeps[] = {
	{ "sessions", CLOCK_STEADY, op_session_sweep },
	{ "leases", CLOCK_STEADY, sweep_leases },
	{ "budgets", CLOCK_STEADY, sweep_budgets },
	{ "changes", CLOCK_STEADY, sweep_changes },
	{ "keys", CLOCK_STEADY, op_key_expire },
	{ "tenants", CLOCK_CONFIRMED, op_tenant_sweep },
	{ "old", CLOCK_CONFIRMED, op_sweep },
};

static void sweep(struct scheduler *s, int64_t now)
{
	struct op op = operation(s);
	struct err err;
	int64_t n;

	if (now < s->sweep_due)
		return;
	s->sweep_due = now + SWEEP_MS;
	usage(s);
	job_begin(s, "sweep");
	for (size_t i = 0; i < sizeof(sweeps) / sizeof(sweeps[0]); i++) {
		n = 0;
		if (!may_delete(s, sweeps[i].least, &op.now))
			continue;
		if (!sweeps[i].fn(&op, &n, &err))
			log_warn("sweep_failed", LOG_S("what", sweeps[i].what), LOG_S("error", err.message));
		if (n > 0)
			log_info("swept", LOG_S("what", sweeps[i].what), LOG_N("rows", n));
	}
	job_end(s);
}

/* A walk that found some is followed by another at once: a host with an older program may
 * have written behind it. The longer there is nothing, the less is it looked for. */
static void fill_walked(struct scheduler *s, int64_t now)
{
	if (s->filled > 0) {
		log_info("filled", LOG_N("rows", s->filled));
		s->fill_pause = 0;
		s->filled = 0;
		return;
	}
	s->fill_pause = s->fill_pause ? 2 * s->fill_pause : FILL_MS;
	if (s->fill_pause > FILL_IDLE_MS)
		s->fill_pause = FILL_IDLE_MS;
	s->fill_due = now + s->fill_pause;
}

/* One page of rows from before a migration; those that are filled already are passed at
 * once. */
static void fill_rows(struct scheduler *s, int64_t now)
{
	bool end = false;
	struct err err;
	int64_t n = 0;
	bool good;

	if (now < s->fill_due)
		return;
	job_begin(s, "fill");
	if (s->n_files > 0)   /* leases wait for this one too */
		db_deadline(s->w.db, now + LOCK_MS);
	do
		good = store_fill(s->w.db, &s->fill, &n, &end, &err);
	while (good && n == 0 && !end && clock_monotonic() < now + FILL_PASS_MS);
	db_deadline(s->w.db, 0);
	if (!good && !s->fill_failed)
		log_warn("fill_failed", LOG_S("error", err.message));
	if (!good)
		s->fill_due = now + PERIOD_MS;
	s->fill_failed = !good;
	s->filled += n;
	if (end)
		fill_walked(s, now);
	job_end(s);
}

/* The last one of a service leaves no log; others keep its blocks. */
static void checkpoint(struct scheduler *s, struct file *f, int64_t now, bool last)
{
	int64_t bytes = db_log_bytes(f->db);
	bool done = false, good;
	struct err err;

	job_begin(s, "checkpoint");
	db_deadline(f->db, clock_monotonic() + (last ? LAST_MS : LOCK_MS));
	f->after = now + PERIOD_MS;
	f->due = now + CHECKPOINT_MS;
	good = last ? db_checkpoint(f->db, &done, &err) : db_checkpoint_keep(f->db, &done, &err);
	if (!good) {
		log_warn("checkpoint_failed", LOG_S("error", err.message));
		f->after = f->due;
	} else {
		if (bytes > 0)
			log_debug("checkpoint", LOG_S("wal", f->wal_path), LOG_N("wal_bytes", bytes),
				  LOG_S("done", done ? "yes" : "no"));
		f->kept |= done;
		if (!done)   /* readers were in the way: soon again */
			f->due = f->after;
	}
	db_deadline(f->db, 0);
	job_end(s);
}

static void checkpoint_if_due(struct scheduler *s, struct file *f, int64_t now)
{
	int64_t bytes = db_log_bytes(f->db);

	if (bytes == 0 && f->kept)
		f->due = now + CHECKPOINT_MS;
	else if (now >= f->after && (bytes > CHECKPOINT_BYTES || now >= f->due || !f->kept))
		checkpoint(s, f, now, false);
}

/* Also when nothing is written: a lost file is noticed within a second. */
static void look_at_files(struct scheduler *s)
{
	struct err err;

	child_lock_kept(s->w.child, s->lock_path, s->lock_fd);
	for (size_t i = 0; i < s->n_files; i++)
		db_files_kept(s->files[i].db, &err);
}

static void work(struct scheduler *s)
{
	int64_t now = clock_monotonic();
	bool began = !s->holds;

	if (!may_work(s))
		return;
	if (began)
		s->metrics = metrics_open(s->w.child);
	follow(s, now);
	tend(s);
	link_audit(s, now);
	fill_rows(s, now);
	if (now < s->period_due)
		return;
	s->period_due = now + PERIOD_MS;
	know_time(s);
	sweep(s, now);
	if (s->n_files > 0)
		look_at_files(s);
	for (size_t i = 0; i < s->n_files; i++)
		checkpoint_if_due(s, &s->files[i], now);
}

/* ------------------------------------------------------------------------------------ */

static void add_file(struct scheduler *s, struct db *db)
{
	s->files[s->n_files++] = (struct file){
		.db = db, .wal_path = arena_printf(s->names, "%s-wal", db_path(db)),
		.due = clock_monotonic() + CHECKPOINT_MS,
	};
}

static bool scheduler_open(struct scheduler *s, const struct child *c)
{
	*s = (struct scheduler){ .lock_fd = -1 };
	if (!child_open(&s->w, c))
		return false;
	s->names = arena_new();
	linker_begin(&s->linker, c);
	if (db_path(s->w.db)) {
		s->lock_path = arena_printf(s->names, "%s.checkpointer", db_path(s->w.db));
		add_file(s, s->w.db);
		add_file(s, s->w.process.quota);
	}
	return true;
}

/* Other hosts may use what this one has leased and not used. */
static void release(struct scheduler *s)
{
	struct op op = operation(s);
	struct err err;

	db_deadline(s->w.process.quota, clock_monotonic() + LAST_MS);
	if (!op_limit_release(&op, &err))
		log_warn("limit_release_failed", LOG_S("error", err.message));
}

static void scheduler_close(struct scheduler *s)
{
	metrics_close(&s->metrics);
	/* while we hold the lock; in a reload the leases stay in use */
	if (s->holds && !child_is_replaced(s->w.child))
		release(s);
	for (size_t i = 0; s->holds && i < s->n_files; i++)
		checkpoint(s, &s->files[i], clock_monotonic(), true);
	child_close(&s->w);
	arena_free(&s->names);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
}

static void show_metrics(struct scheduler *s)
{
	job_begin(s, "metrics");
	metrics_serve(s->metrics, s->w.arena);
	job_end(s);
}

int scheduler_main(const struct child *c)
{
	enum child_event event;
	struct scheduler s;

	child_signals();
	if (!scheduler_open(&s, c))
		return EXIT_FAILURE;
	slot_idle(c->slot);
	while ((event = child_wait(c, metrics_fd(s.metrics), TICK_MS)) != CHILD_STOP) {
		if (event == CHILD_READABLE)
			show_metrics(&s);
		work(&s);
	}
	slot_stopping(c->slot);
	scheduler_close(&s);
	return EXIT_SUCCESS;
}
