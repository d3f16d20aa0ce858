/*
 * Taking from limits on a real store of leases: exact, all or nothing, with a
 * slot and without one.
 */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>

#include "limit_op.h"

static void exact(bool segment)
{
	static const int64_t limits[] = { 1, 5, 7, 100, 350, 999 };
	struct segment *here = f.process.segment;
	struct user user = a_user(segment ? "exact" : "exact-alone", "enterprise");

	f.process.segment = segment ? here : NULL;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct api_key key = a_key(arena_printf(f.arena, "%s-%zu", user.id, i), limits[i], "day");

		is_int(taken(&key, &user, 3), limits[i] / 3, "as many as fit, at cost 3");
		is_int(taken(&key, &user, 1), limits[i] % 3, "the rest, one by one");
		is_int(taken(&key, &user, 1), 0, "and no more");
	}
	f.process.segment = here;
}

static void outcome(void)
{
	struct api_key key = a_key("outcome", 2, "hour");
	struct user user = a_user("outcome", "starter");
	struct limit_outcome out;
	struct err err;

	ok(take(&key, &user, 1, &out, &err), "taken");
	is_int((int64_t)out.n, 2, "from two");
	ok(out.tightest == &out.states[0] && !out.refused, "the key's is the tightest");
	is_int(out.states[0].remaining, 1, "one is left of it");
	is_int(out.states[1].remaining, 9999, "and so many of the user's");
	ok(take(&key, &user, 1, &out, &err), "the last");
	is_int(out.tightest->remaining, 0, "none is left");
	ok(!take(&key, &user, 1, &out, &err), "refused");
	ok(err.kind == ERR_RATE && str_eq(err.reason, "key-hour"), "by name");
	is_int(err.retry_after, 3600, "until the hour ends");
	ok(out.refused == &out.states[0] && out.tightest == out.refused, "which was it");
	is_int(out.states[0].remaining, 0, "nothing is left");
	is_int(out.states[1].remaining, INT_NONE, "the next was not asked");
	f.op.now += 3600 * SECOND_MS;
	ok(take(&key, &user, 1, &out, &err), "the next hour is a new window");
	f.op.now -= 3600 * SECOND_MS;
	ok(take(&key, &user, 1, &out, &err), "a clock that steps back stays in it");
	is_int(out.states[0].reset_at, window_end(WINDOW_HOUR, out.states[0].window), "until its end");
	is_int(out.states[0].remaining, 0, "none is left of it");
	ok(!take(&key, &user, 1, &out, &err), "nor does the old one come back");
}

/* A request whose clock is behind takes from the window that the slot is in. */
static void newer_window(void)
{
	struct api_key key = a_key("newer", 10, "hour");
	struct user user = a_user("newer", "enterprise");
	int64_t next = window_end(WINDOW_HOUR, window_id(WINDOW_HOUR, f.op.now));
	struct limit_outcome out;
	int64_t left, had;
	struct err err;

	f.op.now += 3600 * SECOND_MS;
	if (!take(&key, &user, 1, &out, &err) ||
	    !take(&key, &user, 3, &out, &err))
		bail_out("op_limit_consume", &err);
	op_limit_refund(&f.op, 3, &out);
	left = limit_left(out.states[0].slot, out.states[0].window);
	had = leased(&out.states[0]);
	f.op.now -= 3600 * SECOND_MS;
	ok(left >= 3 && take(&key, &user, 3, &out, &err), "a request from before the edge");
	is_int(out.states[0].window, window_id(WINDOW_HOUR, next), "takes from the window after it");
	is_int(out.states[0].reset_at, window_end(WINDOW_HOUR, window_id(WINDOW_HOUR, next)), "and is told when that ends");
	is_int(out.states[0].remaining, 6, "what is left of it");
	op_limit_refund(&f.op, 3, &out);
	is_int(limit_left(out.states[0].slot, window_id(WINDOW_HOUR, next)), left, "what it gives back goes there too");
	is_int(leased(&out.states[0]), had, "and is not lost");
}

static void all_or_nothing(void)
{
	struct api_key key = a_key("whole", 20000, "day");
	struct user user = a_user("whole", "starter");
	struct limit_outcome out;
	struct err err;

	for (int i = 0; i < 9; i++)
		if (!take(&key, &user, 1000, &out, &err))
			bail_out("op_limit_consume", &err);
	ok(take(&key, &user, 999, &out, &err), "9999 of 10000");
	ok(!take(&key, &user, 2, &out, &err), "two more are too many for the user");
	is_str(out.refused->name, "user-month", "the refusal names his limit");
	is_int(out.refused->remaining, 1, "one is left of it");
	ok(explain(&key, &user, &out, &err), "explained");
	is_int(out.states[0].remaining, 20000 - 9999, "the key got back what it had given");
	is_int(out.states[1].remaining, 1, "nothing was charged");
	ok(take(&key, &user, 1, &out, &err), "the last one");
	op_limit_refund(&f.op, 1, &out);
	ok(take(&key, &user, 1, &out, &err), "given back, taken again");
	ok(!take(&key, &user, 1, &out, &err), "and no more");
}

static void moved(void)
{
	struct api_key key = a_key("moved", 10, "day");
	struct user user = a_user("moved", "enterprise");

	is_int(taken(&key, &user, 1), 10, "ten");
	key.rate_limit_requests = 15;
	is_int(taken(&key, &user, 1), 5, "raised: five more, at once");
	key.rate_limit_requests = 12;
	is_int(taken(&key, &user, 1), 0, "lowered: none");
	key.rate_limit_requests = 40;
	is_int(taken(&key, &user, 20), 1, "raised");
	key.rate_limit_requests = 37;
	is_int(taken(&key, &user, 1), 2, "lowered while some of a lease is left");
}

/* What a request gives back under the old limit is not for the lowered one. */
static void lowered_meanwhile(void)
{
	struct api_key key = a_key("lowered", 100, "day"), after = a_key("lowered", 60, "day");
	struct user user = a_user("lowered", "enterprise");
	struct limit_outcome held, out;
	struct err err;

	if (!take(&key, &user, 1, &held, &err))
		bail_out("op_limit_consume", &err);
	is_int(taken(&key, &user, 1), 99, "one is held, the rest of a hundred is used");
	clock_skew += 1000;   /* nobody knows from a moment ago that it is used up */
	ok(!take(&after, &user, 1, &out, &err), "lowered to sixty: refused");
	op_limit_refund(&f.op, 1, &held);
	ok(!take(&after, &user, 1, &out, &err), "also when one was given back");
	is_int(leased(&out.states[0]), 99, "which is counted no more");
	is_int(taken(&key, &user, 1), 1, "raised again: it is there");
}

/* What is idle goes back after a minute, what is low is refilled before it is
 * empty; at the end all goes back. */
static void tended(void)
{
	struct api_key key = a_key("tended", 5000, "day");
	struct user user = a_user("tended", "enterprise");
	struct limit_outcome out;
	struct err err;

	if (!take(&key, &user, 1, &out, &err))
		bail_out("op_limit_consume", &err);
	ok(leased(&out.states[0]) > 1, "more than one is leased");
	for (int i = 0; i < 4; i++) {
		clock_skew += 16000;
		ok(op_limit_tend(&f.op, &err), "tended");
	}
	is_int(leased(&out.states[0]), 1, "idle: only what was used is leased");
	ok(explain(&key, &user, &out, &err) && out.states[0].remaining == 4999, "explained");
	ok(take(&key, &user, 1, &out, &err), "leased again");
	ok(op_limit_release(&f.op, &err), "a clean stop");
	is_int(leased(&out.states[0]), 2, "gives back all that was not used");
	is_int(taken(&key, &user, 1), 4998, "and all the rest can be used");
	is_int(leased(&out.states[0]), 5000, "exactly");
}

/* More than share a transaction; one of them has somebody at it. */
static void refilled_together(void)
{
	enum { KEYS = 40, HELD = 7 };
	struct user user = a_user("together", "enterprise");
	struct api_key keys[KEYS];
	struct limit_outcome out[KEYS];
	int64_t before[KEYS];
	int refilled = 0, right = 0, transactions;
	struct err err;

	for (int i = 0; i < KEYS; i++) {
		keys[i] = a_key(arena_printf(f.arena, "together-%d", i), 5000, "day");
		if (!take(&keys[i], &user, 1, &out[i], &err) ||
		    !take(&keys[i], &user, (uint32_t)leased(&out[i].states[0]) * 4 / 5,
				   &out[i], &err))
			bail_out("op_limit_consume", &err);
		before[i] = leased(&out[i].states[0]);
	}
	ok(limit_lock(out[HELD].states[0].slot, 0), "one is being leased by another");
	transactions = worst_calls(WORST_DB_TRANSACTION);
	ok(op_limit_tend(&f.op, &err), "tended");
	is_int(worst_calls(WORST_DB_TRANSACTION) - transactions, db_backend_of(f.db) == DB_PGSQL ? KEYS - 1 : (KEYS + 15) / 16,
	       "SQLite commits sixteen at once, PostgreSQL each");
	limit_unlock(out[HELD].states[0].slot);
	for (int i = 0; i < KEYS; i++)
		refilled += leased(&out[i].states[0]) > before[i];
	is_int(refilled, KEYS - 1, "all but that one have more");
	is_int(leased(&out[HELD].states[0]), before[HELD], "which has what it had");
	for (int i = 0; i < KEYS; i++) {
		const struct limit_state *s = &out[i].states[0];
		int64_t left = 5000 - leased(s) + limit_left(s->slot, s->window);

		right += taken(&keys[i], &user, 1) == left;
	}
	is_int(right, KEYS, "and each can use what is left, exactly");
}

/* On SQLite the first request leases all five. */
static void known_at_once(void)
{
	struct api_key key = a_key("known", 5, "day");
	struct user user = a_user("known", "enterprise");
	struct limit_outcome out;
	struct err err;

	if (!take(&key, &user, 1, &out, &err) || !op_limit_release(&f.op, &err))
		bail_out("op_limit_consume, op_limit_release", &err);
	is_int(taken(&key, &user, 1), 4, "what was given back can be taken at once");
}

/* Who is refused for his key does not keep his user's lease from other hosts. */
static void idle_while_refused(void)
{
	struct api_key key = a_key("refused", 1, "day");
	struct user user = a_user("refused", "starter");
	struct limit_outcome first, out;
	bool refused = true, tended = true;
	struct err err;

	if (!take(&key, &user, 1, &first, &err))
		bail_out("op_limit_consume", &err);
	ok(leased(&first.states[1]) > 1, "more than one of the user's is leased");
	for (int i = 0; i < 70; i++) {
		clock_skew += 1000;
		refused = !take(&key, &user, 1, &out, &err) && refused;
		tended = op_limit_tend(&f.op, &err) && tended;
	}
	ok(refused && tended, "refused once a second");
	is_int(leased(&first.states[1]), 1, "what was not used is given back");
}

static void refused_at_once(void)
{
	struct api_key key = a_key("flood", 3, "day");
	struct user user = a_user("flood", "enterprise");
	struct limit_outcome out;
	struct err err;

	is_int(taken(&key, &user, 1), 3, "three");
	out = (struct limit_outcome){ 0 };
	for (int i = 0; i < 1000; i++)
		if (take(&key, &user, 1, &out, &err))
			ok(false, "let through");
	is_int(leased(out.refused), 3, "a thousand refusals lease nothing");
}

struct lessee { struct limit_slot *slot; atomic_bool has; };

/* Longer than the default of FAST_DATABASE_TIMEOUT_MS. */
static void *leases(void *arg)
{
	const struct timespec pause = { .tv_nsec = 600000000 };
	struct lessee *l = arg;

	limit_lock(l->slot, 0);
	atomic_store(&l->has, true);
	nanosleep(&pause, NULL);
	limit_unlock(l->slot);
	return NULL;
}

static void waits_for_another(void)
{
	struct api_key key = a_key("waits", 5000, "day");
	struct user user = a_user("waits", "enterprise");
	int64_t before = f.conf.fast_database_timeout_ms;
	struct limit_outcome out;
	struct lessee l = { 0 };
	struct err err;
	pthread_t thread;

	if (!take(&key, &user, 1, &out, &err))
		bail_out("op_limit_consume", &err);
	l.slot = out.states[0].slot;
	if (pthread_create(&thread, NULL, leases, &l) != 0)
		bail_out("pthread_create", NULL);
	while (!atomic_load(&l.has))
		sched_yield();
	f.conf.fast_database_timeout_ms = 60000;
	ok(take(&key, &user, limit_left(l.slot, out.states[0].window) + 1, &out, &err),
	   "another leases for longer than is usual: FAST_DATABASE_TIMEOUT_MS says how long that is waited for");
	f.conf.fast_database_timeout_ms = before;
	pthread_join(thread, NULL);
}

static void fails_closed(void)
{
	struct api_key key = a_key("closed", 3, "day");
	struct user user = a_user("closed", "enterprise");
	struct db *quota = f.process.quota;
	struct limit_outcome out;
	struct err err = { 0 };

	f.process.quota = NULL;
	ok(!take(&key, &user, 1, &out, &err), "nowhere to lease from");
	ok(err.kind == ERR_UNAVAILABLE && err.retry_after > 0 && !out.refused, "is 503, not 429");
	ok(!explain(&key, &user, &out, &err) && err.kind == ERR_UNAVAILABLE, "nor explained");
	f.process.quota = quota;
	ok(take(&key, &user, 1, &out, &err), "there again");
}

int main(void)
{
	segment_op_open(&f);
	clock_stop();
	exact(true);
	exact(false);
	outcome();
	newer_window();
	all_or_nothing();
	moved();
	lowered_meanwhile();
	tended();
	refilled_together();
	known_at_once();
	idle_while_refused();
	refused_at_once();
	waits_for_another();
	fails_closed();
	segment_op_close(&f);
	return tap_done();
}
