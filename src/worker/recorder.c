/*
 * worker/recorder.c - the background process that takes usage rows out of the
 * rings and stores them. A ring's tail moves after COMMIT only, so nothing is
 * lost when this process or the database goes away: rings fill, and workers
 * refuse what they cannot write down.
 *
 * A ring has one consumer, and a month file one checkpointer: the recorder that works
 * holds an OFD lock, and during a reload the new recorder waits for the old one.
 */
#include "config.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "db/handle.h"
#include "shm/ring.h"
#include "shm/stat.h"
#include "store/usage.h"
#include "worker/worker_private.h"

#define NICE 5                      /* when no request waits for us */
#define GATHER_MS 20                /* between two batches */
#define LOCK_MS 10                  /* between two tries to get the lock */
#define RETRY_MS 200                /* after a failure */
#define BATCH_ROWS ((size_t)4096)   /* busy rings share a batch */
#define COUNT_MS 1000               /* counters are at most this late, ... */
#define SHARE 10                    /* ... or cost a tenth of the time; so do checkpoints */
#define RECOVER_MS 60000
#define CHECKPOINT_LAST_MS 30000    /* a short log waits for so long */
#define LAST_MS 1500                /* for what is left in the rings at a stop */
#define KEEP_BYTES (16 << 20)       /* of freed memory: batches come 50 times a second */
#define JOB_MS 60000                /* the watchdog's deadline for one job */

enum { JOB_RECORD, JOB_COUNT, JOB_RECOVER, JOB_CHECKPOINT, JOB__COUNT };

/* How much upkeep is done at once. With sync, requests wait meanwhile: at 20,000 a second
 * upkeep took 60 ms of each, and p99 was 38 ms. So there it is done in small pieces, a
 * sixteenth of the keys at a time. */
static const struct pace {
	size_t counters;            /* enough for one transaction */
	int64_t more_ms;            /* until the next piece, when something is left */
	int64_t checkpoint_ms;
	int64_t checkpoint_bytes;   /* of a log that does not wait */
} paces[] = {
	[USAGE_ASYNC] = { USAGE_ENOUGH, 0, 1000, INT64_C(8388608) },
	[USAGE_SYNC] = { 1, COUNT_MS / 16, 100, INT64_C(1048576) },
};

/* Rows of one ring in a batch. */
struct part {
	size_t ring;
	uint64_t upto;
};

struct recorder {
	struct worker w;
	struct usage_store *store;
	const struct pace *pace;
	struct usage_row *rows;             /* of a batch; texts stay in the rings */
	size_t n;
	struct part *parts;                 /* one a ring */
	size_t n_parts;
	bool more;                          /* than went into the batch */
	char *lock_path;
	int lock_fd;
	bool holds;                         /* this process has the lock */
	bool failed[JOB__COUNT];            /* logged once, until it works again */
	int64_t gather_until;
	int64_t recover_due, count_due, checkpoint_due, checkpoint_last;
};

static bool is_sync(const struct child *c)
{
	return c->conf->usage_durability == USAGE_SYNC;
}

/* To workers that wait for a commit. */
static void announce(const struct recorder *r)
{
	if (eventfd_write(r->w.child->commit_fd, 1) != 0)
		log_debug("announce_failed", LOG_S("error", strerror(errno)));
}

/* --- who works ------------------------------------------------------------------ */

static bool may_work(struct recorder *r)
{
	if (r->holds)
		return true;
	r->holds = child_lock(r->lock_path, &r->lock_fd);
	if (r->holds)
		announce(r);   /* what another one committed before it was killed */
	return r->holds;
}

/* --- a batch --------------------------------------------------------------------- */

static void take_ring(struct recorder *r, size_t ring, size_t max)
{
	const struct segment *segment = r->w.child->segment;
	uint64_t from = ring_tail_seq(segment, ring) + 1, seq = from;
	const struct usage_record *rec;

	for (; seq < from + max && (rec = ring_row(segment, ring, seq)); seq++)
		r->rows[r->n++] = (struct usage_row){
			.seq = seq, .ring = (uint32_t)ring, .time_ms = rec->time_ms,
			.request_id = rec->request_id, .key_id = rec->key_id,
			.user_id = rec->user_id, .tenant_id = rec->tenant_id,
			.route = rec->route, .method = rec->method, .address = rec->address,
			.user_agent = rec->user_agent, .cost = rec->cost,
		};
	r->more |= seq == from + max;
	if (seq > from)
		r->parts[r->n_parts++] = (struct part){ ring, seq - 1 };
}

/* A share of each ring, so that none waits long. */
static void take(struct recorder *r)
{
	const struct segment *segment = r->w.child->segment;
	size_t rings = ring_count(segment), busy = 0, share;

	for (size_t i = 0; i < rings; i++)
		busy += ring_depth(segment, i) > 0;
	share = busy > 0 ? BATCH_ROWS / busy : BATCH_ROWS;
	r->n = r->n_parts = 0;
	r->more = false;
	for (size_t i = 0; i < rings && r->n + share <= BATCH_ROWS; i++)
		if (ring_depth(segment, i) > 0)
			take_ring(r, i, share);
}

static bool record_run(struct recorder *r, const struct usage_row *rows, size_t n,
		       struct err *err_r)
{
	const struct child *c = r->w.child;
	int64_t inserted;

	if (!store_usage_record(r->store, rows, n, &inserted, err_r))
		return false;
	stat_add(c->segment, c->block, STAT_RECORDER_BATCHES, 1);
	stat_add(c->segment, c->block, STAT_ROWS_RECORDED, (uint64_t)inserted);
	return true;
}

/* A transaction for each month; at a month's end, one for each and ring. */
static bool record_months(struct recorder *r, struct err *err_r)
{
	for (size_t at = 0, n; at < r->n; at += n) {
		n = store_usage_month_run(r->rows + at, r->n - at);
		if (!record_run(r, r->rows + at, n, err_r))
			return false;
	}
	return true;
}

static void tails_move(struct recorder *r)
{
	for (size_t i = 0; i < r->n_parts; i++)
		ring_done(r->w.child->segment, r->parts[i].ring, r->parts[i].upto);
	announce(r);
}

/* --- jobs -------------------------------------------------------------------------- */

static bool record_rows(struct recorder *r, int64_t now, struct err *err_r)
{
	(void)now;
	if (!record_months(r, err_r))
		return false;
	tails_move(r);
	return true;
}

/* Of a job that began at now and is over. */
static int64_t next_due(int64_t now, int64_t least)
{
	int64_t took = (clock_monotonic() - now) * SHARE;

	return now + (took > least ? took : least);
}

static bool count(struct recorder *r, int64_t now, struct err *err_r)
{
	bool more = false;
	bool done = store_usage_count(r->store, r->pace->counters, &more, err_r);

	r->count_due = next_due(now, more ? r->pace->more_ms : COUNT_MS);
	return done;
}

/* A failure here does not stop the other jobs. */
static bool recover(struct recorder *r, int64_t now, struct err *err_r)
{
	bool done = store_usage_recover(r->store, err_r);

	r->recover_due = done && db_path(r->w.db) ? INT64_MAX : now + RECOVER_MS;
	return done;
}

static bool checkpoint(struct recorder *r, int64_t now, struct err *err_r)
{
	bool all = now >= r->checkpoint_last, done;

	if (db_path(r->w.db))
		child_lock_kept(r->w.child, r->lock_path, r->lock_fd);
	if (all)
		r->checkpoint_last = now + CHECKPOINT_LAST_MS;
	done = store_usage_checkpoint(r->store, all ? 1 : r->pace->checkpoint_bytes, err_r);
	r->checkpoint_due = next_due(now, r->pace->checkpoint_ms);
	return done;
}

static const struct {
	const char *name;
	const char *rows;   /* where they are when it fails */
	bool (*work)(struct recorder *r, int64_t now, struct err *err_r);
} jobs[JOB__COUNT] = {
	[JOB_RECORD] = { "record", "wait in shared memory", record_rows },
	[JOB_COUNT] = { "count", "are stored, counters wait", count },
	[JOB_RECOVER] = { "recover", "are stored, counters of an earlier run wait", recover },
	[JOB_CHECKPOINT] = { "checkpoint", "are stored, the log grows", checkpoint },
};

static void job_failed(struct recorder *r, int j, const struct err *err)
{
	const struct child *c = r->w.child;

	stat_add(c->segment, c->block, STAT_RECORDER_FAILURES, 1);
	if (r->failed[j])
		return;
	r->failed[j] = true;
	log_error("recorder_failed", LOG_S("job", jobs[j].name), LOG_S("error", err->message),
		  LOG_S("rows", jobs[j].rows));
}

/* The master ends a process whose job takes longer than JOB_MS. */
static bool job(struct recorder *r, int j)
{
	struct slot *slot = r->w.child->slot;
	int64_t now = clock_monotonic();
	struct err err = { 0 };
	bool done;

	slot_reading(slot, now, now + JOB_MS);
	slot_serving(slot, jobs[j].name, "");
	done = jobs[j].work(r, now, &err);
	slot_idle(slot);
	if (!done) {
		job_failed(r, j, &err);
		return false;
	}
	if (r->failed[j])
		log_info("recorder_works", LOG_S("job", jobs[j].name));
	r->failed[j] = false;
	return true;
}

/* *n_r = rows that were there to record. */
static bool record(struct recorder *r, size_t *n_r)
{
	take(r);
	*n_r = r->n;
	return r->n == 0 || job(r, JOB_RECORD);
}

/* One job between two batches: rings fill meanwhile. */
static bool upkeep(struct recorder *r)
{
	int64_t now = clock_monotonic();

	if (now >= r->recover_due)
		return job(r, JOB_RECOVER);
	if (now >= r->count_due)
		return job(r, JOB_COUNT);
	return now < r->checkpoint_due || job(r, JOB_CHECKPOINT);
}

/* --- the loop ------------------------------------------------------------------------ */

static bool pause_ms(const struct recorder *r, int64_t ms)
{
	return child_wait(r->w.child, -1, ms > 0 ? ms : 0) == CHILD_TIMEOUT;
}

/* Rows that come meanwhile share the next COMMIT. When requests wait for it, those
 * that came during the last one share it. */
static bool gather(struct recorder *r)
{
	bool hurry = r->more || is_sync(r->w.child);

	if (!r->more)
		ring_wait_recorder(r->w.child->segment, GATHER_MS);
	if (!pause_ms(r, hurry ? 0 : r->gather_until - clock_monotonic()))
		return false;
	r->gather_until = clock_monotonic() + GATHER_MS;
	return true;
}

/* False = stop. */
static bool step(struct recorder *r)
{
	size_t n = 0;

	if (!may_work(r))
		return pause_ms(r, LOCK_MS);
	if (!gather(r))
		return false;
	return (record(r, &n) && upkeep(r)) || pause_ms(r, RETRY_MS);
}

/* During a stop in a reload the old recorder may still have the lock. */
static bool wait_to_work(struct recorder *r, int64_t until)
{
	const struct timespec pause = { .tv_nsec = 5000000 };

	while (!may_work(r)) {
		if (clock_monotonic() >= until)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

static bool workers_left(const struct recorder *r)
{
	const struct child *c = r->w.child;

	for (size_t i = 0; i < c->scoreboard->n; i++) {
		const struct slot *s = &c->scoreboard->slots[i];

		if ((s->role == ROLE_FAST || s->role == ROLE_SLOW) && s->pid > 0 &&
		    atomic_load(&s->state) != SLOT_FREE && kill(s->pid, 0) == 0)
			return true;
	}
	return false;
}

/* The master was killed, so this process was told to stop while workers still run: they
 * finish what they have, and in sync mode wait for our COMMIT. */
static void outlive_workers(struct recorder *r)
{
	int64_t until = clock_monotonic() + r->w.child->conf->request_deadline_ms;
	size_t n;

	while (workers_left(r) && clock_monotonic() < until) {
		ring_wait_recorder(r->w.child->segment, GATHER_MS);
		if (may_work(r) && !record(r, &n))
			return;
	}
}

/* The workers are gone: what they left, and the counters. What cannot be stored
 * in time stays in the segment for the next start. */
static void drain(struct recorder *r)
{
	int64_t until = clock_monotonic() + LAST_MS;
	struct err err;
	bool more = true;
	size_t n = 1;

	/* the new one waits for our lock, and rings fill meanwhile */
	if (child_is_replaced(r->w.child) || !wait_to_work(r, until))
		return;
	db_deadline(r->w.db, until);
	while (n > 0 && clock_monotonic() < until && record(r, &n))
		;
	while (more && clock_monotonic() < until)
		if (!store_usage_count(r->store, USAGE_ENOUGH, &more, &err))
			return;
	if (!store_usage_checkpoint(r->store, 1, &err))
		log_warn("checkpoint_failed", LOG_S("error", err.message));
}

static bool recorder_open(struct recorder *r, const struct child *c)
{
	const char *path;

	*r = (struct recorder){ .lock_fd = -1, .pace = &paces[c->conf->usage_durability] };
	if (!child_open(&r->w, c))
		return false;
	path = db_path(r->w.db);
	r->store = store_usage_open(r->w.db, segment_host_id(c->segment));
	r->rows = calloc(BATCH_ROWS, sizeof(*r->rows));
	r->parts = calloc(ring_count(c->segment) + 1, sizeof(*r->parts));
	r->lock_path = strdup(path ? arena_printf(r->w.arena, "%s.recorder", path)
				   : arena_printf(r->w.arena, "%s/recorder", c->conf->runtime_dir));
	if (!r->rows || !r->parts || !r->lock_path)
		abort();
	r->checkpoint_last = clock_monotonic() + CHECKPOINT_LAST_MS;
	return true;
}

static void recorder_close(struct recorder *r)
{
	store_usage_close(&r->store);
	child_close(&r->w);
	free(r->rows);
	free(r->parts);
	free(r->lock_path);
	if (r->lock_fd >= 0)
		close(r->lock_fd);
}

int recorder_main(const struct child *c)
{
	struct recorder r;

	child_signals();
	/* its pages would go to the kernel with each batch, and come back with the next */
	mallopt(M_MMAP_THRESHOLD, KEEP_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
	if (!recorder_open(&r, c))
		return EXIT_FAILURE;
	if (!is_sync(c) && nice(NICE) == -1)
		log_warn("nice_failed", LOG_S("error", strerror(errno)));
	slot_idle(c->slot);
	while (step(&r))
		;
	slot_stopping(c->slot);
	if (child_is_orphan(c))
		outlive_workers(&r);
	drain(&r);
	slot_stopping(c->slot);
	recorder_close(&r);
	return EXIT_SUCCESS;
}
