/*
 * worker/worker_private.h - what the files of src/worker share.
 */
#ifndef PIERRE_WORKER_WORKER_PRIVATE_H
#define PIERRE_WORKER_WORKER_PRIVATE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "http/fcgi.h"
#include "op/audit_link.h"
#include "op/op.h"
#include "worker/worker.h"

struct db;

#define HELD_MOST 256          /* of a worker */
#define HELD_MOST_OF 8         /* of one connection to a provider */
#define HELD_MS 8000           /* from its first run */
struct held {
	size_t n;
	struct {
		const struct fcgi *fcgi;
		char waits_for[UUID_TEXT];
		uint64_t recorded;     /* sequence of its usage row; 0 = it has none */
		bool waits;            /* as it was looked up last */
	} of[HELD_MOST];
};

struct worker {
	const struct child *child;
	struct fcgi *fcgi;
	struct db *db;
	struct op_process process;   /* for each op; owns quota and usage (the recorder
				 * has a usage store of its own) */
	struct held held;       /* requests that wait for a refresh */
	uint64_t late;          /* USAGE_SYNC: sequence of a row that was not committed in time */
	struct arena *kept;     /* of the process: providers; NULL in the background */
	struct arena *arena;    /* of one request, or one job of the scheduler */
};

/* --- child.c: signals and waiting ------------------------------------------ */
enum child_event { CHILD_STOP, CHILD_READABLE, CHILD_TIMEOUT };

/* Real handlers for what libfcgi would take over; TERM stays blocked. */
void child_signals(void);
/* Until fd (-1 = none) can be read, TERM came, the master died, or
 * timeout_ms passed (-1 = never). TERM gets through here only. */
enum child_event child_wait(const struct child *c, int fd, int64_t timeout_ms);
/* Lock a file, made when it is missing, that one process at a time holds: until
 * *fd is closed (-1 at first). False: another one has it, or it cannot be
 * opened, which is logged. */
bool child_lock(const char *path, int *fd);
/* Has the master died? Its end of the lifeline goes before a child gets another parent, so
 * getppid() may not know it yet. */
bool child_is_orphan(const struct child *c);
/* In a reload: the same process of a newer generation works already. */
bool child_is_replaced(const struct child *c);
/* Connected if the database answers within a second; a child starts without one
 * too, and with no store at all when it is `unchecked`. */
bool child_open(struct worker *w, const struct child *c);
/* Is the lock file that we hold still at its path? If not another process could
 * hold one too: then it is lost like a file of the database (db/handle.h). */
bool child_lock_kept(const struct child *c, const char *path, int fd);
void child_close(struct worker *w);

/* --- crash.c ---------------------------------------------------------------- */
/* From here on a fault of this process marks the request that it is at. */
void crash_watch(const struct child *c);

/* --- linker.c: links of the audit trail ---------------------------------------- */
struct linker {
	struct audit_linker of;
	int64_t due, tell_due;      /* monotonic ms */
	int64_t told_at;            /* heads with a link since then are still to be told */
	size_t told_broken;         /* of of.broken the log knows so many */
	int64_t told_retry;         /* of.retry_at of then */
	bool failed;                /* said once, until it works again */
};
void linker_begin(struct linker *l, const struct child *c);
/* When l->due has come. */
void linker_work(struct linker *l, struct op *op, int64_t now);

/* --- request.c: one request, from its connection to its log line ------------ */
void worker_request_run(struct worker *w, int fd);
/* The same for a request that fcgi_look has found; or else, with USAGE_SYNC, it
 * is parked until its usage row is committed; or, when the tokens that it asks for are being
 * refreshed, it is held: call this again, with the same parameters. */
void worker_request_answer(struct worker *w, struct fcgi *f, char **params);
/* Answer a parked request if its row is committed. late: answer it in any case,
 * 503 if it is not; what it was charged stays charged, since the row may still be
 * committed. False: it goes on waiting. */
bool worker_request_finish(struct worker *w, struct fcgi *f, bool late);
/* Look up which of the held ones wait on (held_waits). What cannot be looked up does not: what
 * is wrong is for its reply to say. */
void worker_request_look(struct worker *w);

/* --- held.c: requests that wait for a refresh ------------------------------------ */
/* May it, or may it go on? since_us: when it was run first. */
bool held_add(struct held *h, const struct fcgi *f, const char *waits_for, int64_t since_us,
	      uint64_t recorded);
uint64_t held_recorded(const struct held *h, const struct fcgi *f);
void held_remove(struct held *h, const struct fcgi *f);
/* What they wait for, and what of it they still wait for; then of each: does it? */
struct strings held_awaited(const struct held *h, struct arena *arena);
void held_judge(struct held *h, struct strings still);
bool held_waits(const struct held *h, const struct fcgi *f);

/* --- share.c: which worker of the fast pool takes a new connection --------------- */
struct share {
	int epoll_fd, listen_fd;
	const struct scoreboard *scoreboard;
	struct slot *slot;      /* this worker's */
	int64_t look;           /* monotonic ms of the next look; 0: it listens, or has stopped */
	int64_t pause;          /* ms from one look to the next */
	int64_t waits;          /* monotonic ms: since then each look found a connection; 0 = none */
};
/* Events of the listening socket have the struct as their pointer. False: errno. */
bool share_listen(struct share *s);
/* No more connections, and no more looks. */
void share_leave(struct share *s);
/* After each connection: a worker over its share (slot_over_share) leaves new ones. */
void share_taken(struct share *s);
/* When `look` has come. True: take one connection, the others have left it. */
bool share_look(struct share *s, int64_t now);

/* --- accept.c: the listening socket ------------------------------------------- */
/* A blocking descriptor, as libfcgi wants it; -1 = none, or see *fatal_r. */
int accept_connection(int listen_fd, bool *fatal_r);
/* Shut by the master: no other process will take what still waits in it. */
bool listener_is_shut(int listen_fd);

#endif
