/*
 * worker/caller_errand.h - one call of the caller for a connection, on its way: claim it, and
 * take from the budget (thread), call (loop), keep what came (loop), apply it (thread). Then it may go on with
 * another call. When the database is away after a reply, the errand waits with it and is
 * applied again.
 */
#ifndef PIERRE_WORKER_CALLER_ERRAND_H
#define PIERRE_WORKER_CALLER_ERRAND_H

#include "op/connect_call.h"
#include "op/spool.h"
#include "provider/reply.h"
#include "provider/request.h"
#include "worker/caller.h"

#define ERRANDS_MOST 64

struct errand;

/* A kind of errand. */
struct errand_kind {
	const char *name;
	bool (*claim)(struct op *op, struct errand *e, struct err *err_r);
	/* Into e->request. False: there is nothing to call. */
	bool (*request)(struct errand *e);
	/* What came is put where it outlives the process; NULL: it need not. */
	void (*keep)(struct errand *e);
	/* What came, or that nothing did (e->called). */
	bool (*apply)(struct op *op, struct errand *e, struct err *err_r);
	/* It cannot be read, or apply() fails for good: it counts as an attempt that brought nothing,
	 * so it is made less often, and ends. NULL: there is nothing to count. */
	bool (*put_off)(struct op *op, struct errand *e, struct err *err_r);
	enum outbound_kind spends;
	bool auth;                      /* it goes to a token endpoint (op/budget.h) */
	bool soon;                      /* a code lives for seconds: it may take the last place of its provider */
	bool urgent;                    /* it ends a right: it goes out also without a budget */
};

struct errand {
	struct caller_task task;
	struct outbound_call call;
	const struct errand_kind *kind, *next;   /* next: goes on with that, claimed already */
	struct arena *arena;                     /* of the thread while a task runs, else of the loop */
	struct caller *caller;
	struct provider p;
	const char *id;                 /* of the row */
	int64_t refresh_gen;            /* of a connection, as it was found */
	struct connection_due due;      /* of a connection */
	struct provider_request request;
	bool calls;                     /* there is something to call, and a budget for it */
	bool refused;                   /* there is no budget */
	bool called;                    /* `answer` and `end` are what came */
	enum outbound_end end;
	struct provider_answer answer;
	int64_t shut_until;             /* wall ms: the provider wants no more until then; TIME_NONE */
	/* of a code: */
	struct redemption redemption;
	struct spool_file file;         /* where its answer is kept */
	struct provider_reply reply;
	struct refresh_answer gave;     /* id NULL: nothing */
	int64_t again_at;
	struct errand *waits;           /* in the list of those that are to be applied again */
	struct errand *next_errand;     /* of all */
};

extern const struct errand_kind errand_redeem, errand_identify, errand_after, errand_revoke;

void errand_begin(struct caller *c, const struct errand_kind *kind, const char *id,
		  int64_t refresh_gen, const struct provider *p);
/* One more of that provider can begin. */
bool errand_may_begin(const struct errand_kind *kind, const char *provider);
/* There is more than can begin: look() once one is over. */
void errands_more(void (*look)(struct caller *c));
/* Those that wait, when it is time. */
void errands_apply(void);

/* A whole reply came. */
bool errand_answered(const struct errand *e);
/* Why none did: a word. */
const char *errand_silence(const struct errand *e);
/* A connection of e->id: errand_kind.claim. */
bool errand_due_claim(struct op *op, struct errand *e, struct err *err_r);

#endif
