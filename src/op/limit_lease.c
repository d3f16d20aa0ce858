/*
 * Leases: from the quota rows into a slot of this host, and back. The process that does
 * either holds the slot's lock; a lease that is on its way would otherwise look like a
 * limit that is reached.
 *
 * The order keeps a limit exact: lease first, then add to the slot; empty the slot first,
 * then give back. A process that is killed in between forfeits what it held, and never
 * are more requests let through than the limit.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "op/limit_lease.h"
#include "shm/limit.h"
#include "shm/stat.h"
#include "store/quota.h"

#define LEASE_MAX 1000
#define SHARE 100             /* of what is left, when several hosts lease */
#define NOTE_MS 100           /* for so long a limit that is reached is refused from memory */
#define TRIES 16
#define DUE_MAX 256
#define TOGETHER_MAX 16       /* slots that are locked while the database is asked */

static void count(const struct op *op, enum stat_counter c, int64_t n)
{
	if (op->process->segment && n > 0)
		stat_add(op->process->segment, op_block(op), c, (uint64_t)n);
}

/* --- what is known of a slot ---------------------------------------------------- */

bool lease_exhausted(const struct limit_slot *slot, const struct limit_state *s)
{
	struct limit_note known;

	return limit_note_read(slot, s->window, &known) && known.leased >= s->limit &&
	       clock_monotonic() - known.at_ms < NOTE_MS;
}

int64_t lease_remaining(const struct limit_slot *slot, const struct limit_state *s,
			uint32_t left)
{
	struct limit_note known;

	if (!limit_note_read(slot, s->window, &known) || known.leased >= s->limit)
		return left;
	return s->limit - known.leased + left;
}

static void note(struct limit_slot *slot, uint32_t window, int64_t leased)
{
	limit_note_write(slot, window, &(struct limit_note){ leased, clock_monotonic() });
}

/* --- one lease, one return -------------------------------------------------------- */

/* Other hosts lease the same limits; on SQLite there is one. */
static bool shared(const struct op *op)
{
	return op->process->quota == op->db;
}

static struct quota_lease wanted(const struct op *op, const struct limit_state *s,
				 struct quota_want want)
{
	if (!shared(op))
		want.share = 0;
	return (struct quota_lease){ .subject = s->subject, .kind = s->kind, .window = s->window,
				     .limit = s->limit, .want = want };
}

static void note_lease(const struct op *op, struct limit_slot *slot, const struct quota_lease *l)
{
	if (slot)
		note(slot, l->window, l->leased);
	count(op, STAT_LEASES, l->granted > 0);
	count(op, STAT_LEASED_REQUESTS, l->granted);
}

/* slot NULL: for one request alone, exactly `need`. */
static bool lease(struct op *op, struct limit_slot *slot, const struct limit_state *s,
		  int64_t need, int64_t *granted_r, struct err *err_r)
{
	struct quota_lease l = wanted(op, s, (struct quota_want){
		.least = need, .most = slot ? LEASE_MAX : need, .share = slot ? SHARE : 0 });

	if (!op->process->quota)
		return err_set(err_r, ERR_UNAVAILABLE, "The limits cannot be counted here");
	if (!store_quota_lease(op->process->quota, &l, 1, err_r))
		return false;
	note_lease(op, slot, &l);
	*granted_r = l.granted;
	return true;
}

static bool give_back(struct op *op, const struct limit_state *s, uint32_t window, int64_t n,
		      struct err *err_r)
{
	if (n == 0)
		return true;
	if (!store_quota_return(op->process->quota, &(struct quota_return){ s->subject, s->kind, window, n },
				1, err_r))
		return false;
	count(op, STAT_LEASES_RETURNED, 1);
	return true;
}

/* It holds a lease under another limit, or of a window far away: give that back. */
static bool empty(struct op *op, struct limit_slot *slot, const struct limit_state *s,
		  struct err *err_r)
{
	struct limit_note known;
	uint32_t window, left = limit_drain(slot, &window);

	if (!give_back(op, s, window, left, err_r))
		return false;
	if (left > 0 && limit_note_read(slot, window, &known))
		note(slot, window, known.leased - left);
	return true;
}

/* --- take ------------------------------------------------------------------------- */

static enum lease_result taken(struct limit_slot *slot, struct limit_state *s, uint32_t left)
{
	s->slot = slot;
	s->remaining = lease_remaining(slot, s, left);
	return CONSUMED;
}

/* The request that leases takes its cost before the rest goes into the slot: with small
 * leases other requests would empty the slot each time before this one. */
static enum lease_result keep(struct op *op, struct limit_slot *slot, struct limit_state *s,
			      uint32_t cost, int64_t granted, struct err *err_r)
{
	int64_t rest = granted - cost;

	/* false: the window has ended meanwhile; we stay in the old one */
	if (rest > 0 && !limit_add(slot, s->window, s->limit, (uint32_t)rest) &&
	    !give_back(op, s, s->window, rest, err_r))
		return FAILED;
	return taken(slot, s, limit_left(slot, s->window));
}

/* AGAIN: only a part could be leased, and is in the slot now. */
static enum lease_result lease_more(struct op *op, struct limit_slot *slot, struct limit_state *s,
				    uint32_t cost, uint32_t left, struct err *err_r)
{
	int64_t granted;

	if (!lease(op, slot, s, cost, &granted, err_r))
		return FAILED;
	if (granted >= cost)
		return keep(op, slot, s, cost, granted, err_r);
	if (granted == 0) {
		limit_add(slot, s->window, s->limit, 0);   /* no refill until more is there */
		s->remaining = left;
		return REFUSED;
	}
	if (limit_add(slot, s->window, s->limit, (uint32_t)granted) ||
	    give_back(op, s, s->window, granted, err_r))
		return AGAIN;
	return FAILED;
}

static enum lease_result take_locked(struct op *op, struct limit_slot *slot, struct limit_state *s,
				     uint32_t cost, struct err *err_r)
{
	for (int i = 0; i < TRIES; i++) {
		uint32_t window = s->window, left = 0;
		enum limit_result t = limit_consume(slot, s->window, s->newest, s->limit, cost,
						&window, &left);
		enum lease_result more;

		if (window > s->window)
			s->window = window;
		if (t == LIMIT_CONSUMED)
			return taken(slot, s, left);
		if (t == LIMIT_STALE) {
			if (!empty(op, slot, s, err_r))
				return FAILED;
			continue;
		}
		more = lease_more(op, slot, s, cost, left, err_r);
		if (more != AGAIN)
			return more;
	}
	/* the end of the limit, in parts that others took before we could */
	err_set(err_r, ERR_UNAVAILABLE, "Too many requests wait for one limit; try again");
	return FAILED;
}

enum lease_result lease_consume(struct op *op, struct limit_slot *slot, struct limit_state *s,
				uint32_t cost, struct err *err_r)
{
	enum lease_result t;

	if (!limit_lock(slot, (int)op->process->conf->fast_database_timeout_ms)) {
		err_set(err_r, ERR_UNAVAILABLE, "The limit is being leased; try again");
		return FAILED;
	}
	t = take_locked(op, slot, s, cost, err_r);
	limit_unlock(slot);
	return t;
}

enum lease_result lease_single(struct op *op, struct limit_state *s, uint32_t cost,
			       struct err *err_r)
{
	int64_t granted;

	if (!lease(op, NULL, s, cost, &granted, err_r))
		return FAILED;
	s->remaining = 0;
	if (granted == cost)
		return CONSUMED;
	s->remaining = granted;
	return give_back(op, s, s->window, granted, err_r) ? REFUSED
									     : FAILED;
}

/* --- the scheduler's part --------------------------------------------------------- */

static struct limit_state state_of(const struct limit_due *due)
{
	return (struct limit_state){ .subject = due->subject, .kind = due->kind,
				     .window = due->window, .limit = due->limit };
}

/* In one transaction; what does not fit into its slot is given back in one, too. Until
 * then the slots are locked, since a lease on its way would look like a limit that is
 * reached. A slot that another process has locked is left to it. */
static bool refill_some(struct op *op, const struct limit_due *due, size_t n, struct err *err_r)
{
	const struct limit_due *of[TOGETHER_MAX];
	struct quota_return back[TOGETHER_MAX];
	struct quota_lease l[TOGETHER_MAX];
	size_t m = 0, over = 0;
	bool done;

	for (size_t i = 0; i < n; i++) {
		const struct limit_state s = state_of(&due[i]);

		if (!limit_lock(due[i].slot, 0))
			continue;
		of[m] = &due[i];
		l[m++] = wanted(op, &s, (struct quota_want){ 1, LEASE_MAX, SHARE });
	}
	done = store_quota_lease(op->process->quota, l, m, err_r);
	for (size_t i = 0; done && i < m; i++) {
		note_lease(op, of[i]->slot, &l[i]);
		/* 0: the slot is not low any more; a request that needs a lease asks itself */
		if (!limit_add(of[i]->slot, l[i].window, l[i].limit, (uint32_t)l[i].granted) &&
		    l[i].granted > 0)
			back[over++] = (struct quota_return){ l[i].subject, l[i].kind, l[i].window,
							      l[i].granted };
	}
	done = done && store_quota_return(op->process->quota, back, over, err_r);
	for (size_t i = 0; i < m; i++)
		limit_unlock(of[i]->slot);
	if (done)
		count(op, STAT_LEASES_RETURNED, (int64_t)over);
	return done;
}

/* A commit for each slot would be an fsync for each: with SQLite some share one. With
 * PostgreSQL a row that another process has locked would delay the others. */
static bool refill(struct op *op, const struct limit_due *due, size_t n, struct err *err_r)
{
	size_t most = shared(op) ? 1 : TOGETHER_MAX;
	bool good = true;

	for (size_t i = 0; i < n; i += most)
		good = refill_some(op, due + i, n - i < most ? n - i : most, err_r) && good;
	return good;
}

/* Hosts that give back at once lock the rows in one order. */
static int by_subject(const void *a, const void *b)
{
	const struct limit_due *x = a, *y = b;
	int order = strcmp(x->subject, y->subject);

	return order ? order : (int)x->kind - (int)y->kind;
}

/* Slots that were emptied stay locked until the database has what they held. */
static size_t empty_idle(const struct limit_due *due, size_t n, struct quota_return *back,
			 const struct limit_due **of)
{
	size_t m = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t window, left;

		if (!limit_lock(due[i].slot, 0))
			continue;   /* another process works on it */
		left = limit_drain(due[i].slot, &window);
		if (left == 0) {
			limit_unlock(due[i].slot);
			continue;
		}
		of[m] = &due[i];
		back[m++] = (struct quota_return){ due[i].subject, due[i].kind, window, left };
	}
	return m;
}

/* In one transaction. When the database cannot be reached, the lease stays in the slot,
 * under its limit. *emptied_r grows by the slots that were not locked by another
 * process. */
static bool return_some(struct op *op, const struct limit_due *due, size_t n, size_t *emptied_r,
			struct err *err_r)
{
	const struct limit_due *of[TOGETHER_MAX];
	struct quota_return back[TOGETHER_MAX];
	size_t m;
	bool done;

	m = empty_idle(due, n, back, of);
	if (m == 0)
		return true;
	*emptied_r += m;
	done = store_quota_return(op->process->quota, back, m, err_r);
	for (size_t i = 0; i < m; i++) {
		struct limit_slot *slot = of[i]->slot;
		struct limit_note known;

		if (!done && err_r->kind != ERR_UNCERTAIN)
			limit_add(slot, back[i].window, of[i]->limit, (uint32_t)back[i].n);
		if (done && limit_note_read(slot, back[i].window, &known))
			note(slot, back[i].window, known.leased - back[i].n);
		limit_unlock(slot);
	}
	if (done)
		count(op, STAT_LEASES_RETURNED, (int64_t)m);
	return done;
}

static bool return_idle(struct op *op, struct limit_due *due, size_t n, size_t *emptied_r,
			struct err *err_r)
{
	bool done = true;

	qsort(due, n, sizeof(*due), by_subject);
	*emptied_r = 0;
	for (size_t i = 0; done && i < n; i += TOGETHER_MAX)
		done = return_some(op, due + i, n - i < TOGETHER_MAX ? n - i : TOGETHER_MAX, emptied_r,
				   err_r);
	return done;
}

bool op_limit_tend(struct op *op, struct err *err_r)
{
	struct limit_due due[DUE_MAX];
	size_t n, low = 0, emptied;
	bool good;

	if (!op->process->segment || !op->process->quota)
		return true;
	n = limit_due_list(op->process->segment, clock_monotonic(), shared(op), due, DUE_MAX);
	while (low < n && due[low].low)
		low++;
	good = refill(op, due, low, err_r);
	return return_idle(op, due + low, n - low, &emptied, err_r) && good;
}

bool op_limit_release(struct op *op, struct err *err_r)
{
	struct limit_due held[DUE_MAX];
	size_t n, emptied;

	if (!op->process->segment || !op->process->quota)
		return true;
	do {
		n = limit_held(op->process->segment, held, DUE_MAX);
		if (!return_idle(op, held, n, &emptied, err_r))
			return false;
	} while (emptied > 0);   /* what another process has locked is left to it */
	return true;
}
