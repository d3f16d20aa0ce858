/*
 * op/limit.h - exact rate limits: which apply to a request, taking from them,
 * and where each stands.
 *
 * A credential with a key_id has a limit of its own: so many requests an hour, day, week
 * or month, or its tier's in a calendar month (UTC; R28). Above it is the limit of its
 * owner's tier in a month, which all credentials of the owner share, and the ceiling of
 * the tenant that it works in, which all members share. A request takes its cost from
 * all limits that apply, narrowest window first, and gives all back on the first
 * refusal. A refused request is not charged. No limit is ever exceeded, on one host or
 * many; it is reached exactly when no process is killed. A limit that only observes takes
 * what it has and refuses nothing.
 *
 * n of a lease: what is left, at most 1000, on SQLite (one host by definition);
 * left/100 within 1..1000 on PostgreSQL.
 */
#ifndef PIERRE_OP_LIMIT_H
#define PIERRE_OP_LIMIT_H

#include "base/window.h"
#include "op/credential.h"

#define LIMITS_MAX 4

struct limit_slot;

/* One limit that applies, and where it stood after this request. */
struct limit_state {
	const char *name;          /* of the kind's limits ("key-hour"), "user-month", "tenant-week" */
	const char *of;            /* whose it is, in sentences: "API key", "account", "tenant" */
	const char *subject;       /* the kind's letter and key_id, or "u<uuid>", "t<uuid>" */
	const char *tier;
	enum window_kind kind;
	uint32_t window;
	uint32_t newest;           /* a slot may be at a window up to this one */
	int64_t limit;
	int64_t remaining;         /* as far as this host knows; other hosts take meanwhile */
	int64_t reset_at;          /* ms: end of the window */
	int64_t reset_after;       /* seconds until then, at least 1 */
	struct limit_slot *slot;   /* it was taken from; NULL = leased for this request alone */
	bool observe;              /* it refuses nothing */
	bool passed;               /* it would have refused: nothing was taken */
};
struct limit_outcome {
	/* narrowest first; n 0 = unlimited. After a refusal, `remaining` of those
	 * behind the refused one was not asked for and is INT_NONE. */
	struct limit_state states[LIMITS_MAX];
	size_t n;
	const struct limit_state *refused;       /* NULL = taken */
	const struct limit_state *tightest;      /* for X-RateLimit-*; NULL = unlimited */
};

/* The limits that apply at `now`, in order, as they are configured: nothing is
 * read or taken. Pure. */
void limit_rules(const struct credential *c, int64_t now, struct arena *arena,
		 struct limit_outcome *out);
/* Set its window. A 429, the headers and GET /limits tell the end of that window. */
void limit_settle(struct limit_state *s, uint32_t window, int64_t now);

/* Take cost; 0 takes nothing and says where they stand. False: ERR_RATE (out->refused says which; retry_after filled; the
 * sentence names limit, window and tier), ERR_UNAVAILABLE when a lease was needed and
 * the store cannot be reached (fail closed). */
bool op_limit_consume(struct op *op, const struct credential *c, uint32_t cost,
		      struct limit_outcome *out, struct err *err_r);
/* The request was not let through after all: give back what was taken; `out` stands as before. */
void op_limit_refund(struct op *op, uint32_t cost, struct limit_outcome *out);
/* Take nothing; ask the store where every limit stands (leased by all hosts less
 * what this host still holds). For GET /api/keys/{id}/limits. */
bool op_limit_explain(struct op *op, const struct credential *c, struct limit_outcome *out,
		      struct err *err_r);

/* For the scheduler, each 50 ms or so: refill what is low, give back what is
 * idle. True also when there was nothing to do. */
bool op_limit_tend(struct op *op, struct err *err_r);
/* Clean stop: give everything back, but for what another process is about to
 * lease or give back. */
bool op_limit_release(struct op *op, struct err *err_r);

#endif
