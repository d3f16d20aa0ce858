/*
 * master/master_private.h - the master's own state. For src/master only.
 *
 * A generation is one configuration and the children that run it; a reload
 * has two. Policy (what should run) is generation.c; mechanism (fork, reap)
 * is spawn.c. Times are monotonic milliseconds.
 */
#ifndef PIERRE_MASTER_MASTER_PRIVATE_H
#define PIERRE_MASTER_MASTER_PRIVATE_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "master/master.h"

#define GENERATIONS 2
#define LISTENERS 2                           /* ROLE_FAST, ROLE_SLOW */
#define BACKGROUND (ROLE__COUNT - LISTENERS)  /* roles with one process each */

/* Later states win: nothing leads back from STOPPING. */
enum master_state { MASTER_NORMAL, MASTER_RELOADING, MASTER_STOPPING };

/* Of a reload; the start is a reload without an old generation, and the only
 * one with PHASE_SEGMENT. */
enum phase { PHASE_CHECK, PHASE_SEGMENT, PHASE_RAISE, PHASE_DRAIN };

/* A child that should run, runs, or ends. */
struct proc {
	pid_t pid;              /* 0 = none; ours until reaped, so never recycled */
	struct slot *slot;
	bool wanted;            /* fork it again when it dies */
	bool told, killed;      /* TERM, KILL was sent */
	int64_t told_at;
	bool ready;             /* was idle since its fork */
	int64_t born, due;      /* forked then; not to be forked before then */
	int64_t delay;          /* grows while it dies young */
};

struct generation {
	unsigned number;        /* 0 = unused */
	struct conf *conf;
	bool unchecked;         /* at a start whose database is away: struct child */
	size_t n;
	struct proc *procs;     /* procs_max of them, slots to match */
};

struct listener {
	enum slot_role role;
	int fd;                 /* -1 = none */
	bool inherited;         /* systemd's: not to be shut or removed */
	char path[SOCKET_PATH_MAX + 1];   /* of a socket we made */
	dev_t dev;
	ino_t ino;
};

/* What the check found, written by the child that made it. */
struct check_report {
	struct err err;         /* when it was bad */
	char database_id[UUID_TEXT];
};
/* The forked child that tries a configuration out. */
struct check {
	bool wanted;
	pid_t pid;
	int fd;                 /* reads its report */
	bool done, good;        /* it has ended, and how: for generation_step() */
	struct check_report report;
};

struct master {
	const struct master_options *options;
	enum master_state state;
	enum phase phase;
	bool reload_asked;      /* HUP came during a reload: once more after it */
	int64_t segment_until, raise_until, drain_until, stop_until;
	int64_t watchdog_due;   /* next sign of life to systemd */
	int64_t repeats_due;    /* next count of what the log does not repeat */
	int64_t retry_due;      /* next check, while the generation is unchecked */
	char waits_for[sizeof(((struct err *)0)->message)];   /* why it is */
	struct generation gen[GENERATIONS];
	unsigned current;       /* index of the one that serves (or comes up first) */
	unsigned reloads;       /* numbers generations */
	size_t procs_max;       /* of one generation */
	struct scoreboard *scoreboard;
	struct segment *segment; /* opened by the first check that was good */
	char database_id[UUID_TEXT];   /* whose it is */
	struct listener listeners[LISTENERS];
	struct check check;
	int lifeline[2];        /* children hold the reading end */
	int claim_fd;           /* of the claim on the database; -1 = none */
	bool claimed;           /* segment and database are ours */
	int caller_fd, commit_fd, refresh_fd;   /* eventfds of struct child */
	bool last_recorder;     /* was forked in the stop */
	bool failed;            /* the first generation never came up */
	struct err err;         /* why */
};

static inline struct generation *gen_old(struct master *m)
{
	return &m->gen[m->current];
}
static inline struct generation *gen_next(struct master *m)  /* while reloading */
{
	return &m->gen[m->reloads % GENERATIONS];
}

/* --- generation.c: what should run ---------------------------------------- */
bool generation_init(struct master *m, const struct conf *conf, struct err *err_r);
void generation_free(struct master *m);
/* Start bringing a configuration up; takes conf over. */
void generation_begin(struct master *m, struct conf *conf);
/* HUP: load, compare, begin; on any failure log and keep what is there. */
void generation_reload(struct master *m);
/* The same without a word, when the generation is unchecked and it is time. */
void generation_retry(struct master *m, int64_t now);
/* Move a reload on when its check has ended, or its time has come. */
void generation_step(struct master *m, int64_t now);
bool proc_ends_first(const struct proc *p);
/* TERM, to workers or to all; they are not wanted any more. */
void generation_tell(struct generation *g, bool all);

/* --- stop.c: how it ends ----------------------------------------------------- */
void generation_stop(struct master *m, int64_t now);
void generation_stop_step(struct master *m, int64_t now);
bool generation_stopped(const struct master *m);   /* nothing runs or is to run */

/* --- spawn.c: how it runs --------------------------------------------------- */
/* Fork all that is due: the only place that forks. Never returns in a child. */
void spawn_due(struct master *m, int64_t now);
/* Wait for all that ended; respawns are due after their back-off. */
void spawn_reap(struct master *m, int64_t now);
void proc_tell(struct proc *p);                       /* TERM, once */
void proc_kill(struct master *m, struct proc *p);     /* KILL; its request is marked */
/* The same, unless its role has longer to finish since TERM. */
void proc_kill_late(struct master *m, struct proc *p, int64_t now);
/* When something falls due next; at most `least`. */
int64_t spawn_next(const struct master *m, int64_t now, int64_t least);

/* --- listen.c ---------------------------------------------------------------- */
bool listen_open(struct master *m, const struct conf *conf, struct err *err_r);
/* No new connection from here on; those that wait can still be accepted. */
void listen_shut(struct master *m);
void listen_close(struct master *m);

/* --- watch.c ------------------------------------------------------------------ */
/* Kill what is past its deadline or never became ready, and say which. */
void watch_step(struct master *m, int64_t now);
/* Once a second: how many refusals were counted instead of logged. */
void watch_repeats(struct master *m, int64_t now);

/* --- notify.c: systemd, or nothing --------------------------------------------- */
/* state for STATUS=; because: a sentence, NULL = all is well. */
void notify_ready(const char *state, const char *because);
void notify_reloading(void);
void notify_stopping(void);
/* The service manager's watchdog: half of its period between two signs. */
void notify_watchdog(int64_t *due, int64_t now);
/* Descriptor of the inherited listening socket of that name, -1 = none;
 * *n_r = how many were inherited under any name. */
int notify_socket(const char *name, int *n_r);

#endif
