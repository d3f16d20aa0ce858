/*
 * tests/db/op_refresh_back.c - a database that was put back from a backup, or a replica that
 * lagged, has lost the claim of an answer that waits: living tokens are stored all the same.
 */
#include "config.h"

#include "refresh_op.h"

static void lose_claim(void)
{
	by_hand(&f, LOOK_LOSE_CLAIM, id, "");
}

static void test_counted_again(void)
{
	struct refresh_claim r = sent();
	const struct refresh_answer left = rotated(&r, "a1", "refresh-1");
	struct refresh_answer next;

	lose_claim();
	ok(written(&left), "the claim is lost: its answer is stored");
	is_int(now_is().refresh_gen, left.gen, "and the claim is counted again");
	r = sent();
	next = rotated(&r, "a2", "refresh-2");
	ok(written(&next), "what the next claim brings is stored too");
	is_str(tokens().refresh_token, "refresh-2", "these tokens live");
}

/* Another host claims before the answer is found: two claims have one number. */
static void test_one_number(void)
{
	struct refresh_claim first = sent(), second;
	const struct refresh_answer left = rotated(&first, "a3", "refresh-3");
	struct refresh_answer young;

	lose_claim();
	f.op.now += SECOND_MS;
	second = sent();
	is_int(second.c.refresh_gen, left.gen, "the next claim has the number of the lost one");
	young = rotated(&second, "a4", "refresh-4");
	ok(written(&left), "the answer to the lost one comes first");
	ok(written(&young), "the younger one is stored too");
	ok(!written(&left) && !written(&young), "each once");
	is_str(tokens().refresh_token, "refresh-4", "the younger one stays");
}

/* Of two lost claims the younger one's answer comes during a call with an older token. */
static void test_older_call(void)
{
	struct refresh_claim r = claimed(), older;
	struct refresh_answer a;

	by_hand(&f, LOOK_END_CLAIM, id, "");
	r = sent();
	a = rotated(&r, "a5", "refresh-5");
	lose_claim();
	lose_claim();
	older = sent();
	ok(older.c.refresh_gen < a.gen, "a call with an older token is under way");
	ok(written(&a), "the answer is stored");
	ended(&older, ENDED_ANSWERED, REPLY_REFUSED);
	ok(str_eq(now_is().phase, PHASE_IDLE) && str_eq(now_is().state, CONNECTION_OK) && now_is().refusals == 0,
	   "that call is over, and its refusal says nothing");
	is_str(tokens().refresh_token, "refresh-5", "the younger token stays");
}

int main(void)
{
	refresh_begin();
	test_counted_again();
	test_one_number();
	test_older_call();
	vault_free(&f.process.vault);
	fixture_close(&f);
	return tap_done();
}
