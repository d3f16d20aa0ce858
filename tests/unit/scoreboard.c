/*
 * tests/unit/scoreboard.c - marks of requests that ended a process, and counts
 * of sentences that repeat.
 */
#include "config.h"

#include <unistd.h>
#include <sys/wait.h>

#include "shm/scoreboard.h"
#include "tap.h"
#include "worker/worker_private.h"

#define WRITERS 8
#define SENTENCES 4
#define EACH 5000

static void ask(struct slot *s, const char *id)
{
	slot_reading(s, 1, 10000);
	slot_named(s, id);
}

static void test_marks(void)
{
	struct scoreboard *sb = scoreboard_new(2, NULL);
	struct slot *died = &sb->slots[0], *next = &sb->slots[1];
	char id[16];

	ask(died, "a");
	ask(next, "a");
	ok(!scoreboard_is_marked(sb, next, 1), "no mark on a machine just started");
	scoreboard_mark(sb, died, 1);
	ok(scoreboard_is_marked(sb, next, 1), "a request is marked");
	ok(scoreboard_is_marked(sb, next, MARK_MS), "for a minute");
	ok(!scoreboard_is_marked(sb, next, MARK_MS + 1), "and no longer");
	ask(next, "b");
	ok(!scoreboard_is_marked(sb, next, 1), "another request is not");
	for (int i = 0; i < MARKS - 1; i++) {
		snprintf(id, sizeof(id), "x%d", i);
		ask(died, id);
		scoreboard_mark(sb, died, 2);
	}
	ask(next, "a");
	ok(scoreboard_is_marked(sb, next, 2), "as many as there are places");
	scoreboard_mark(sb, died, 2);
	ok(!scoreboard_is_marked(sb, next, 2), "the oldest goes first");
	scoreboard_free(&sb);
}

static void test_no_request(void)
{
	struct scoreboard *sb = scoreboard_new(2, NULL);
	struct slot *died = &sb->slots[0], *next = &sb->slots[1];
	struct slot_request at;

	ask(died, "");
	scoreboard_mark(sb, died, 5);
	ask(next, "");
	ok(!scoreboard_is_marked(sb, next, 5), "a request without an id is never marked");
	ask(died, "a");
	slot_idle(died);
	scoreboard_mark(sb, died, 5);
	ask(next, "a");
	ok(!scoreboard_is_marked(sb, next, 5), "nor the last one of an idle process");
	slot_request_read(died, &at);
	is_str(at.request_id, "", "which is at no request");
	slot_serving(next, "verify", "a");
	slot_request_read(next, &at);
	is_str(at.request_id, "a", "one that serves is at one");
	is_str(at.route, "verify", "with its route");
	scoreboard_free(&sb);
}

/* A worker with `mine` connections beside one with `other`, and some that do not count. */
static void test_share(void)
{
	static const struct { int mine, other; bool over; } rows[] = {
		{ 0, 0, false }, { 1, 0, false }, { 2, 0, true }, { 2, 1, false }, { 3, 1, false },
		{ 4, 1, true }, { 30, 10, false }, { 31, 10, true }, { 10, 31, false },
	};
	static const struct slot aside[] = {
		{ .role = ROLE_SLOW, .generation = 1, .state = SLOT_IDLE },
		{ .role = ROLE_FAST, .generation = 2, .state = SLOT_IDLE },
		{ .role = ROLE_FAST, .generation = 1, .state = SLOT_FREE },
		{ .role = ROLE_FAST, .generation = 1, .state = SLOT_STARTING },
		{ .role = ROLE_FAST, .generation = 1, .state = SLOT_STOPPING },
	};
	struct scoreboard *sb = scoreboard_new(7, NULL);
	struct slot *s = &sb->slots[0], *other = &sb->slots[1];

	memcpy(&sb->slots[2], aside, sizeof(aside));
	s->role = other->role = ROLE_FAST;
	s->generation = other->generation = 1;
	slot_idle(s);
	slot_reading(other, 1, 2);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		atomic_store(&s->connections, rows[i].mine);
		atomic_store(&other->connections, rows[i].other);
		ok(slot_over_share(sb, s) == rows[i].over, "%d connections beside %d", rows[i].mine,
		       rows[i].other);
	}
	slot_stopping(other);
	atomic_store(&s->connections, 100);
	ok(!slot_over_share(sb, s), "alone a worker has its share");
	scoreboard_free(&sb);
}

/* In a reload: a process of the same role, of a newer generation, that works. */
static void test_replaced(void)
{
	static const struct { enum slot_role role; unsigned generation; enum slot_state state; bool replaced; } others[] = {
		{ ROLE_RECORDER, 2, SLOT_STARTING, false },
		{ ROLE_RECORDER, 2, SLOT_IDLE, true },
		{ ROLE_RECORDER, 2, SLOT_SERVING, true },
		{ ROLE_RECORDER, 2, SLOT_STOPPING, false },
		{ ROLE_RECORDER, 1, SLOT_IDLE, false },
		{ ROLE_SCHEDULER, 2, SLOT_IDLE, false },
	};
	struct scoreboard *sb = scoreboard_new(2, NULL);
	struct slot *own = &sb->slots[0], *other = &sb->slots[1];

	own->role = ROLE_RECORDER;
	own->generation = 1;
	atomic_store(&own->state, SLOT_IDLE);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		other->role = others[i].role;
		other->generation = others[i].generation;
		atomic_store(&other->state, (int)others[i].state);
		ok(child_is_replaced(&(struct child){ .scoreboard = sb, .slot = own }) == others[i].replaced,
		   "%s of generation %u, state %d: %s", slot_role_name(other->role), other->generation,
		   (int)others[i].state, others[i].replaced ? "replaces it" : "does not replace it");
	}
	scoreboard_free(&sb);
}

static void test_repeats(void)
{
	struct repeats r = { 0 };
	char sentence[REPEAT_TEXT], text[16], big[2 * REPEAT_TEXT];

	ok(repeat_first(&r, "away"), "the first is written");
	ok(!repeat_first(&r, "away") && !repeat_first(&r, "away"), "the next ones are counted");
	is_int(repeat_take(&r, 0, sentence), 2, "how many");
	is_str(sentence, "away", "of what");
	is_int(repeat_take(&r, 0, sentence), 0, "none since");
	ok(repeat_first(&r, "away"), "after a pause it is a first one again");
	for (int i = 1; i < REPEATS; i++) {
		snprintf(text, sizeof(text), "s%d", i);
		repeat_first(&r, text);
	}
	ok(!repeat_first(&r, "one more") && !repeat_first(&r, "and more"), "too many sentences are counted");
	is_int(repeat_take(&r, REPEATS, sentence), 2, "together");
	is_int(repeat_take(&r, REPEATS + 1, sentence), -1, "there is an end");
	for (size_t i = 0; i < REPEATS; i++)
		repeat_take(&r, i, sentence);
	memset(big, 'b', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	ok(repeat_first(&r, big) && !repeat_first(&r, big), "a long one is known again");
}

static void write_many(struct repeats *r, _Atomic uint64_t *written)
{
	for (int i = 0; i < EACH; i++) {
		char text[16];

		snprintf(text, sizeof(text), "s%d", i % SENTENCES);
		if (repeat_first(r, text))
			atomic_fetch_add(written, 1);
	}
}

/* While one takes. */
static void test_crowd(void)
{
	struct scoreboard *sb = scoreboard_new(1, NULL);
	_Atomic uint64_t *written = &sb->slots[0].requests;
	char sentence[REPEAT_TEXT];
	uint64_t taken = 0;
	int left = WRITERS;

	for (int i = 0; i < WRITERS; i++)
		if (fork() == 0) {
			write_many(&sb->repeats, written);
			_exit(0);
		}
	for (bool last = false; !last;) {
		while (left > 0 && waitpid(-1, NULL, WNOHANG) > 0)
			left--;
		last = left == 0;
		for (size_t i = 0; i <= REPEATS; i++)
			taken += (uint64_t)repeat_take(&sb->repeats, i, sentence);
	}
	is_int((int64_t)(taken + atomic_load(written)), WRITERS * EACH, "of many processes none is lost");
	scoreboard_free(&sb);
}

int main(void)
{
	test_marks();
	test_no_request();
	test_share();
	test_replaced();
	test_repeats();
	test_crowd();
	return tap_done();
}
