/*
 * worker/caller.h - the process that calls other services, one a host. Its loop has the
 * connections (outbound/outbound.h) and never waits for the database: a thread has that,
 * and does one task after the other.
 *
 * What is to be called stands in rows of the database. A process that has written such a
 * row wakes the caller by an eventfd (struct child, caller_fd); it looks once a second too.
 *
 * TERM: it takes nothing new, finishes calls and tasks, and ends within
 * OUTBOUND_TOTAL_MS and a second.
 */
#ifndef PIERRE_WORKER_CALLER_H
#define PIERRE_WORKER_CALLER_H

#include "op/op.h"
#include "outbound/outbound.h"
#include "provider/providers.h"
#include "worker/worker.h"

struct caller;
struct spool;

/* What calls are for: outbound_call.what. Those of the first two are judged as token replies. */
#define CALL_REFRESH "refresh"
#define CALL_REDEEM "redeem"
#define CALL_IDENTIFY "identify"

/* Work with the database. The struct stays valid until done(). */
struct caller_task {
	/* In the thread, with an arena that is wiped afterwards. */
	bool (*work)(struct op *op, struct caller_task *t, struct err *err_r);
	/* In the loop: `good` is what work() returned. May free the task. */
	void (*done)(struct caller *c, struct caller_task *t);
	void *arg;                   /* of both */
	bool good;
	struct err err;              /* when it is not */
	struct caller_task *next;    /* of the caller */
};
void caller_do(struct caller *c, struct caller_task *t);   /* from the loop alone */

/* What a caller looks for. */
struct caller_job {
	const char *name;                       /* NULL ends the table */
	void (*look)(struct caller *c);         /* in the loop: when it was woken, once a second */
	/* Of one job at most: a call has ended. caller: the struct caller. */
	void (*ended)(void *caller, const struct outbound_call *call, int64_t ms);
};

struct outbound *caller_outbound(struct caller *c);
const struct child *caller_child(const struct caller *c);
const struct providers *caller_providers(const struct caller *c);
bool caller_stops(const struct caller *c);   /* begin nothing new */

/* Answers wait there; its directory is -1 while none could be opened. Each look for refreshes
 * follows its path. */
const struct spool *caller_spool(void);

/* For /metrics: caller_counts.c. caller: a struct caller. */
void caller_counts_look(struct caller *c);
void caller_count(void *caller, const struct outbound_call *call, int64_t ms);
/* Of connections: caller_connect.c. */
void caller_connect_look(struct caller *c);
/* Of their tokens: caller_refresh.c. */
void caller_refresh_look(struct caller *c);

/* Serve these jobs until TERM; the exit status. */
int caller_run(const struct child *c, const struct caller_job *jobs);

#endif
