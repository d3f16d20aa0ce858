/*
 * Limits at the worst moment: a COMMIT whose answer is lost, a window that ends, a
 * lease of another one, between the steps of ours. Exact, and no lock left behind.
 */
#include "config.h"

#include "limit_op.h"

/* The slot that it was taken from is not locked by anybody. */
static void is_free(const struct limit_state *s)
{
	if (ok(limit_lock(s->slot, 0), "its lock was given back"))
		limit_unlock(s->slot);
}

/* Nothing but what the next test leases is low or held. */
static void calm(void)
{
	struct err err;

	if (!op_limit_tend(&f.op, &err) || !op_limit_release(&f.op, &err))
		bail_out("calm", &err);
}

static const struct {
	enum worst_answer answer;
	const char *name;
	bool happened;
	enum err_kind kind;
} answers[] = {
	{ ANSWER_OWN, "done", true, ERR_NONE },
	{ ANSWER_REFUSED, "the database is away", false, ERR_UNAVAILABLE },
	{ ANSWER_LOST, "the answer to COMMIT is lost", true, ERR_UNCERTAIN },
};
enum { ANSWERS = sizeof(answers) / sizeof(answers[0]) };

/* What may have been given back is not used again; what was not stays. */
static void returned(void)
{
	struct user user = a_user("returned", "enterprise");

	for (int i = 0; i < ANSWERS; i++) {
		struct api_key key = a_key(arena_printf(f.arena, "returned-%d", i), 5000, "day");
		struct limit_outcome out;
		struct limit_state *s = &out.states[0];
		struct err err = { 0 };
		uint32_t left;

		calm();
		if (!take(&key, &user, 1, &out, &err))
			bail_out("op_limit_consume", &err);
		left = limit_left(s->slot, s->window);
		worst(WORST_DB_TRANSACTION, (struct moment){ .answer = answers[i].answer });
		ok(op_limit_release(&f.op, &err) == !answers[i].kind && err.kind == answers[i].kind,
		   "a lease goes back: %s", answers[i].name);
		is_int(limit_left(s->slot, s->window), answers[i].happened ? 0 : left, "left in the slot");
		is_int(leased(s), answers[i].happened ? 1 : left + 1, "leased");
		is_free(s);
		is_int(taken(&key, &user, 1), 4999, "no more than the limit passes, and no less");
	}
}

static void take_rest(void *arg)
{
	const struct limit_outcome *out = arg;
	const struct limit_state *s = &out->states[0];
	uint32_t window, left, rest = limit_left(s->slot, s->window);

	limit_consume(s->slot, s->window, s->newest, s->limit, rest, &window, &left);
}

/* What was idle is used up before it can be given back. */
static void used_meanwhile(void)
{
	struct user user = a_user("used", "enterprise");
	struct api_key key = a_key("used", 5000, "day");
	struct limit_outcome out;
	struct err err;
	int64_t had;

	calm();
	if (!take(&key, &user, 1, &out, &err))
		bail_out("op_limit_consume", &err);
	had = leased(&out.states[0]);
	worst(WORST_LIMIT_LOCK, (struct moment){ .before = take_rest, .arg = &out });
	ok(op_limit_release(&f.op, &err), "a lease is used up just before it goes back");
	is_int(leased(&out.states[0]), had, "nothing goes back");
	is_free(&out.states[0]);
}

/* A process that is at a slot when the service stops is not waited for. */
static void released_but_one(void)
{
	struct user user = a_user("released", "enterprise");
	struct api_key keys[] = { a_key("released-0", 5000, "day"), a_key("released-1", 5000, "day") };
	struct limit_outcome out[2];
	struct err err;

	calm();
	for (int i = 0; i < 2; i++)
		if (!take(&keys[i], &user, 1, &out[i], &err))
			bail_out("op_limit_consume", &err);
	ok(limit_lock(out[0].states[0].slot, 0), "one slot is locked by another process");
	ok(op_limit_release(&f.op, &err), "a clean stop ends all the same");
	is_int(leased(&out[1].states[0]), 1, "the other slot was given back");
	limit_unlock(out[0].states[0].slot);
	ok(op_limit_release(&f.op, &err), "released again");
	is_int(leased(&out[0].states[0]), 1, "now this one was, too");
}

/* What may have been leased counts as leased and is not used. */
static void leased_in_doubt(void)
{
	struct user user = a_user("doubt", "enterprise");

	for (int i = 1; i < ANSWERS; i++) {
		struct api_key key = a_key(arena_printf(f.arena, "doubt-%d", i), 5000, "day");
		struct limit_outcome out;
		struct limit_state *s = &out.states[0];
		struct err err;
		int64_t had;

		calm();
		worst(WORST_DB_TRANSACTION, (struct moment){ .answer = answers[i].answer });
		ok(!take(&key, &user, 1, &out, &err) && err.kind == answers[i].kind,
		   "a lease is asked for: %s", answers[i].name);
		ok(err.retry_after > 0, "try again");
		s->slot = limit_slot_find(f.process.segment, s->subject, s->kind);
		is_int(limit_left(s->slot, s->window), 0, "nothing is in the slot");
		had = leased(s);
		ok(answers[i].happened == (had > 0), "leased: %lld", (long long)had);
		is_free(s);
		is_int(taken(&key, &user, 1), 5000 - had, "the rest of the limit can be used");
	}
}

static void refilled_in_doubt(void)
{
	struct user user = a_user("low", "enterprise");

	for (int i = 0; i < ANSWERS; i++) {
		struct api_key key = a_key(arena_printf(f.arena, "low-%d", i), 5000, "day");
		struct limit_outcome out;
		struct limit_state *s = &out.states[0];
		struct err err = { 0 };
		int64_t had;
		uint32_t left;

		calm();
		if (!take(&key, &user, 1, &out, &err) ||
		    !take(&key, &user, (uint32_t)leased(s) * 4 / 5, &out, &err))
			bail_out("op_limit_consume", &err);
		left = limit_left(s->slot, s->window);
		had = leased(s);
		worst(WORST_DB_TRANSACTION, (struct moment){ .answer = answers[i].answer });
		ok(op_limit_tend(&f.op, &err) == !answers[i].kind && err.kind == answers[i].kind,
		   "a low slot is refilled: %s", answers[i].name);
		ok((leased(s) > had) == answers[i].happened, "leased");
		ok((limit_left(s->slot, s->window) > left) == !answers[i].kind, "in the slot");
		is_free(s);
	}
}

/* A lease under another limit is emptied before it is given back. */
static void lowered_in_doubt(void)
{
	struct user user = a_user("changed", "enterprise");

	for (int i = 1; i < ANSWERS; i++) {
		const char *id = arena_printf(f.arena, "changed-%d", i);
		struct api_key key = a_key(id, 5000, "day"), after = a_key(id, 900, "day");
		struct limit_outcome out;
		struct limit_state *s = &out.states[0];
		struct err err;

		calm();
		if (!take(&key, &user, 1, &out, &err))
			bail_out("op_limit_consume", &err);
		worst(WORST_DB_TRANSACTION, (struct moment){ .answer = answers[i].answer });
		ok(!take(&after, &user, 1, &out, &err) && err.kind == answers[i].kind,
		   "a lease under the old limit goes back: %s", answers[i].name);
		s->slot = limit_slot_find(f.process.segment, s->subject, s->kind);
		is_int(limit_left(s->slot, s->window), 0, "nothing is in the slot");
		is_free(s);
		clock_skew += 1000;
		ok(taken(&after, &user, 1) <= 899, "no more than the limit passes");
	}
}

struct other {
	struct op op;
	struct api_key key;
	struct user user;
	struct limit_outcome out;
	int64_t leased;
};

static void take_too(void *arg)
{
	struct other *o = arg;
	const struct credential c = key_credential(&o->key, &o->user);
	struct err err;

	if (!op_limit_consume(&o->op, &c, 1, &o->out, &err))
		bail_out("op_limit_consume", &err);
	o->leased = leased(&o->out.states[0]);
}

/* What another one has leased while we waited for the lock is used. */
static void leased_meanwhile(void)
{
	struct other o = { f.op, a_key("meanwhile", 1000, "day"), a_user("meanwhile", "enterprise"), .leased = 0 };
	struct limit_outcome out;
	struct err err;

	worst(WORST_LIMIT_LOCK, (struct moment){ .before = take_too, .arg = &o });
	ok(take(&o.key, &o.user, 1, &out, &err), "another one leases while we wait for the lock");
	is_int(leased(&out.states[0]), o.leased, "we take from that");
	is_free(&out.states[0]);
	is_int(taken(&o.key, &o.user, 1), 998, "and the rest can be used");
}

/* One of two limits cannot be had: the other gets back what it gave. */
static void second_away(void)
{
	static const struct {
		enum worst_function at;
		const char *name;
	} rows[] = {
		{ WORST_LIMIT_LOCK, "its lock cannot be had" },
		{ WORST_DB_TRANSACTION, "its lease cannot be had" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct api_key key = a_key(arena_printf(f.arena, "second-%zu", i), 100, "day");
		struct user user = a_user(key.id, "starter");
		struct limit_outcome out;
		struct err err;

		worst(rows[i].at, (struct moment){ .nth = 2, .answer = ANSWER_REFUSED });
		ok(!take(&key, &user, 1, &out, &err) && err.kind == ERR_UNAVAILABLE,
		   "the second limit: %s", rows[i].name);
		ok(!out.refused && err.retry_after > 0, "is 503, not 429");
		is_free(&out.states[0]);
		ok(explain(&key, &user, &out, &err) && out.states[0].remaining == 100,
		   "the first got back what it had given");
		is_int(taken(&key, &user, 1), 100, "and can be used up");
	}
}

/* The next window begins, for a request that is ahead of ours. */
static void next_window(void *arg)
{
	const struct limit_state *s = arg;
	uint32_t window, left;

	limit_consume(limit_slot_find(f.process.segment, s->subject, s->kind), s->window + 1, s->window + 2, s->limit, 1,
		      &window, &left);
}

static struct limit_state of_day(const struct api_key *key)
{
	uint32_t day = window_id(WINDOW_DAY, f.op.now);

	return (struct limit_state){ .subject = arena_printf(f.arena, "k%s", key->id), .kind = WINDOW_DAY,
				     .window = day, .newest = day + 1, .limit = key->rate_limit_requests };
}

/* A lease on its way finds that its window is over: it is given back. */
static void ended_meanwhile(void)
{
	struct api_key key = a_key("ended", 1000, "day"), few = a_key("ended-few", 2, "day"),
		       low = a_key("ended-low", 5000, "day");
	struct limit_state s = of_day(&key), s_few = of_day(&few), s_low = of_day(&low);
	struct user user = a_user("ended", "enterprise");
	struct limit_outcome out;
	struct err err;
	int64_t had;

	worst(WORST_DB_TRANSACTION, (struct moment){ .after = next_window, .arg = &s });
	ok(take(&key, &user, 1, &out, &err), "leased when the window ends");
	is_int(leased(&s), 1, "what the request does not need goes back");
	is_free(&out.states[0]);
	worst(WORST_DB_TRANSACTION, (struct moment){ .after = next_window, .arg = &s_few });
	ok(!take(&few, &user, 3, &out, &err) && err.kind == ERR_RATE, "too few were leased for it");
	is_int(leased(&s_few), 0, "all of them go back");
	calm();
	if (!take(&low, &user, 1, &out, &err) ||
	    !take(&low, &user, (uint32_t)leased(&s_low) * 4 / 5, &out, &err))
		bail_out("op_limit_consume", &err);
	had = leased(&s_low);
	worst(WORST_DB_TRANSACTION, (struct moment){ .after = next_window, .arg = &s_low });
	ok(op_limit_tend(&f.op, &err), "refilled when the window ends");
	is_int(leased(&s_low), had, "the refill goes back");
	is_free(&out.states[0]);
	op_limit_refund(&f.op, 1, &out);
	is_int(leased(&s_low), had - 1, "so does what is refunded later");
}

int main(void)
{
	segment_op_open(&f);
	clock_stop();
	returned();
	used_meanwhile();
	released_but_one();
	leased_in_doubt();
	refilled_in_doubt();
	lowered_in_doubt();
	leased_meanwhile();
	second_away();
	ended_meanwhile();
	segment_op_close(&f);
	return tap_done();
}
