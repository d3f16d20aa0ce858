/*
 * worker/refresh_turn.h - a turn: one refresh on its way through the caller. For
 * src/worker only. The steps and why they are in this order: op/refresh.h.
 *
 *   refresh_call.c     the thread claims it and makes its file in the spool; the loop calls,
 *                      and writes the answer to that file itself, since the thread may be
 *                      waiting for a database that is frozen
 *   refresh_settle.c   the thread stores what came; while it cannot, the turn waits
 */
#ifndef PIERRE_WORKER_REFRESH_TURN_H
#define PIERRE_WORKER_REFRESH_TURN_H

#include "op/refresh.h"
#include "op/spool.h"
#include "provider/request.h"
#include "worker/caller.h"

struct turn {
	struct caller_task task;
	struct outbound_call call;
	struct arena *arena;
	struct caller *caller;
	const struct spool *spool;
	void (*ended)(struct caller *c);
	struct provider p;
	struct connection found;          /* ids and refresh_gen, as it was found */
	struct refresh_claim claim;
	struct provider_client client;
	struct provider_request request;
	struct spool_file file;
	bool asks;                        /* the thread commits phase sent */
	bool over;                        /* the call has ended */
	bool gave;                        /* `answer` is what it brought; else `seen` */
	bool written;                     /* `answer` is stored */
	struct refresh_answer answer;
	struct refresh_seen seen;
	int64_t shut_until;               /* wall ms: the provider wants no more until then; TIME_NONE */
	int64_t again_at;                 /* monotonic ms; 0: it is not waiting */
	struct turn *next;
};

/* ended(): when its call is over, so that there is a place for another. spool is borrowed. */
struct turn *turn_new(struct caller *c, const struct spool *spool, const struct provider *p,
		      const struct connection *found, void (*ended)(struct caller *c));
/* keep: the file of the spool, for another process. */
void turn_free(struct turn *t, bool keep);
/* Requests wait for what came of it. */
void turn_tell(const struct turn *t);
/* Of all that are on their way; NULL: there is none. */
struct turn *turn_first(void);
/* Work for the thread. */
void turn_give(struct turn *t, bool (*work)(struct op *, struct caller_task *, struct err *),
	       void (*done)(struct caller *, struct caller_task *));
/* On the turn's own arena: what is read lives as long as it. */
struct op turn_op(const struct op *op, const struct turn *t);

/* refresh_call.c: from the claim on. */
void turn_begin(struct turn *t);
/* refresh_settle.c: `answer` or `seen` is there. */
void turn_settle(struct turn *t);
/* Those that could not be stored before. */
void turns_settle_again(void);

#endif
