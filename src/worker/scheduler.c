/*
 * worker/scheduler.c - the one background process: SQLite checkpoints and
 * sweeps of what expired.
 *
 * Two checkpointers on one SQLite file can lose committed rows (Debian's
 * 3.40.1), so whoever works holds the OFD lock on `<db>.checkpointer`; during
 * a reload the new scheduler is idle until the old one has let go.
 */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "op/session.h"
#include "worker/worker_private.h"

#define PERIOD_MS 1000
#define SWEEP_MS 60000
#define CHECKPOINT_MS 30000         /* a WAL that is not empty waits this long */
#define CHECKPOINT_BYTES 1048576    /* a WAL over this does not wait */
#define LAST_MS 1000                /* for the checkpoint at a stop */
#define JOB_MS 60000                /* the watchdog's deadline for one job */

struct scheduler {
	struct worker w;
	const char *lock_path, *wal_path;   /* NULL on PostgreSQL */
	struct arena *names;
	int lock_fd;
	bool holds;                         /* we are the one */
	int64_t sweep_due;
	int64_t checkpoint_due;             /* for a WAL that is not empty */
	int64_t checkpoint_after;           /* not before then, however big it is */
};

/* --- who works ------------------------------------------------------------------ */

static void lock_open(struct scheduler *s)
{
	s->lock_fd = open(s->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		log_warn("scheduler_lock", LOG_S("path", s->lock_path), LOG_S("error", strerror(errno)));
}

static bool may_work(struct scheduler *s)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (s->holds)
		return true;
	if (!s->lock_path)
		return s->holds = true;
	if (s->lock_fd < 0)
		lock_open(s);
	if (s->lock_fd < 0 || fcntl(s->lock_fd, F_OFD_SETLK, &lock) != 0)
		return false;
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

static void sweep(struct scheduler *s, int64_t now)
{
	struct op op = {
		.db = s->w.db, .arena = s->w.arena, .conf = s->w.child->conf,
		.room = s->w.child->room, .block = s->w.child->block,
		.now = clock_now(), .actor = { .source = "scheduler" },
	};
	struct err err;
	int64_t n = 0;

	if (now < s->sweep_due)
		return;
	s->sweep_due = now + SWEEP_MS;
	job_begin(s, "session_sweep");
	if (!op_session_sweep(&op, &n, &err))
		log_warn("sweep_failed", LOG_S("error", err.message));
	else if (n > 0)
		log_info("swept", LOG_N("rows", n));
	job_end(s);
}

static int64_t wal_bytes(const struct scheduler *s)
{
	struct stat st;

	return s->wal_path && stat(s->wal_path, &st) == 0 ? (int64_t)st.st_size : 0;
}

static void checkpoint(struct scheduler *s, int64_t now)
{
	int64_t bytes = wal_bytes(s);
	struct err err;
	bool done = false;

	job_begin(s, "checkpoint");
	s->checkpoint_after = now + PERIOD_MS;
	s->checkpoint_due = now + CHECKPOINT_MS;
	if (!db_checkpoint(s->w.db, &done, &err)) {
		log_warn("checkpoint_failed", LOG_S("error", err.message));
		s->checkpoint_after = s->checkpoint_due;
	} else {
		log_debug("checkpoint", LOG_N("wal_bytes", bytes), LOG_S("done", done ? "yes" : "no"));
		if (!done)   /* readers were in the way: soon again */
			s->checkpoint_due = s->checkpoint_after;
	}
	job_end(s);
}

static void checkpoint_if_due(struct scheduler *s, int64_t now)
{
	int64_t bytes = wal_bytes(s);

	if (bytes == 0)
		s->checkpoint_due = now + CHECKPOINT_MS;
	else if (now >= s->checkpoint_after &&
		 (bytes > CHECKPOINT_BYTES || now >= s->checkpoint_due))
		checkpoint(s, now);
}

/* ------------------------------------------------------------------------------------ */

static bool scheduler_open(struct scheduler *s, const struct child *c)
{
	const char *path;

	*s = (struct scheduler){ .lock_fd = -1 };
	if (!child_open(&s->w, c))
		return false;
	s->names = arena_new();
	path = db_path(s->w.db);
	if (path) {
		s->lock_path = arena_printf(s->names, "%s.checkpointer", path);
		s->wal_path = arena_printf(s->names, "%s-wal", path);
	}
	s->checkpoint_due = clock_monotonic() + CHECKPOINT_MS;
	return true;
}

static void scheduler_close(struct scheduler *s)
{
	/* the last word, while we are the only one; the stop does not wait for it */
	if (s->holds && wal_bytes(s) > 0) {
		db_deadline(s->w.db, clock_monotonic() + LAST_MS);
		checkpoint(s, clock_monotonic());
	}
	child_close(&s->w);
	arena_free(&s->names);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
}

int scheduler_main(const struct child *c)
{
	struct scheduler s;

	child_signals();
	if (!scheduler_open(&s, c))
		return EXIT_FAILURE;
	slot_idle(c->slot);
	while (child_wait(c, -1, PERIOD_MS) == CHILD_TIMEOUT) {
		int64_t now = clock_monotonic();

		if (!may_work(&s))
			continue;
		sweep(&s, now);
		checkpoint_if_due(&s, now);
	}
	slot_stopping(c->slot);
	scheduler_close(&s);
	return EXIT_SUCCESS;
}
