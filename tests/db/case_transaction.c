/*
 * tests/db/case_transaction.c - what a transaction keeps and what it drops.
 */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/db_core.h"
#include "tests/db/contract.h"

static int64_t things(struct db *db)
{
	int64_t n = -1;

	db_number(db, T_THING_COUNT, DB_NO_ARGS, &n, NULL);
	return n;
}

static struct put one = { .thing = { .id = THING_ID(1), .n = 1, .label = "only 1", .at = 0 } };

static bool refuse(struct db *db, void *arg, struct err *err_r)
{
	return put_thing(db, arg, err_r) && err_set(err_r, ERR_FORBIDDEN, "Not today");
}

static void outside(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	struct err e = { 0 };

	ok(!db_write(db, T_THING_INSERT, THING_ARGS(&one.thing), NULL, &e) &&
	   e.kind == ERR_INTERNAL, "a write outside a transaction is refused: %s", e.message);
	ok(!db_transaction(db, refuse, &one, &e), "false rolls back");
	ok(e.kind == ERR_FORBIDDEN && strcmp(e.message, "Not today") == 0, "with its own error");
	is_int(things(db), 0, "nothing is left");
	ok(db_transaction(db, put_thing, &one, NULL), "true commits; no err is wanted");
	is_int(things(db), 1, "and it is there");
	db_free(&db);
}

/* One that its caller commits, or does not. */
static void left_open(const struct fixture *f)
{
	struct db *db = fixture_ready(f), *other = fixture_open(f);
	struct err e = { 0 };
	bool again = true;

	ok(db_transaction_hold(db, false, put_thing, &one, &e), "a transaction is held");
	is_int(things(db), 1, "who holds it sees what it did");
	is_int(things(other), 0, "nobody else does");
	db_held_drop(db);
	is_int(things(db), 0, "dropped: nothing is left");
	db_held_drop(db);
	ok(!db_transaction_hold(db, false, refuse, &one, &e) && e.kind == ERR_FORBIDDEN,
	   "one that fails is not held");
	ok(db_transaction_hold(db, false, put_thing, &one, &e), "held again");
	ok(!db_transaction(db, put_thing, &one, &e), "nothing else is committed meanwhile");
	ok(!db_held_commit(db, &again, &e) && !again, "nor it, after that: %s", e.message);
	is_int(things(other), 0, "nothing is left");
	ok(db_transaction_hold(db, false, put_thing, &one, &e) && db_held_commit(db, &again, &e),
	   "held and committed");
	is_int(things(other), 1, "all see it");
	db_free(&other);
	db_free(&db);
}

static bool nest(struct db *db, void *arg, struct err *err_r)
{
	return put_thing(db, arg, err_r) && db_transaction(db, put_thing, arg, err_r);
}

static bool nest_and_go_on(struct db *db, void *arg, struct err *err_r)
{
	if (!put_thing(db, arg, err_r))
		return false;
	(void)db_transaction(db, put_thing, arg, NULL);
	return true;
}

static void nested(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	struct err e = { 0 };

	ok(!db_transaction(db, nest, &one, &e) && e.kind == ERR_INTERNAL, "refused: %s", e.message);
	ok(!db_transaction(db, nest_and_go_on, &one, &e) && e.kind == ERR_INTERNAL,
	   "also when the refusal was passed over");
	is_int(things(db), 0, "nothing is left");
	db_free(&db);
}

static bool pass_over(struct db *db, void *arg, struct err *err_r)
{
	struct put *other = arg;
	struct err ignored;

	if (put_thing(db, &one, &ignored))
		return false;
	(void)put_thing(db, other, &ignored);
	(void)err_r;
	return true;
}

static void conflicts(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	struct put same_id = one, same_label = one, other = one;
	struct err e = { 0 };

	same_label.thing.id = other.thing.id = THING_ID(2);
	same_id.thing.label = other.thing.label = "free";
	ok(db_transaction(db, put_thing, &one, &e), "first");
	ok(!db_transaction(db, put_thing, &same_id, &e) && e.kind == ERR_CONFLICT, "same id");
	is_str(e.field, "thing_id", "names the field");
	is_str(e.message, "This thing is there already", "in the client's words");
	ok(!db_transaction(db, put_thing, &same_label, &e) && e.kind == ERR_CONFLICT, "same label");
	is_str(e.field, "label", "names the field of an index");
	ok(!db_transaction(db, pass_over, &other, &e) && e.kind == ERR_CONFLICT,
	   "a conflict that was passed over is not committed");
	is_int(things(db), 1, "nor is what came after it");
	ok(db_transaction(db, put_thing, &other, &e), "the handle goes on");
	db_free(&db);
}

static bool break_check(struct db *db, void *arg, struct err *err_r)
{
	return db_write(db, T_THING_CHECK, DB_ARGS(db_text(arg)), NULL, err_r);
}

static void checks(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	char id[] = THING_ID(1);
	struct err e = { 0 };

	ok(db_transaction(db, put_thing, &one, &e), "a row");
	ok(!db_transaction(db, break_check, id, &e) && e.kind == ERR_DATABASE,
	   "a CHECK is no conflict: %s", e.message);
	db_free(&db);
}

/* --- several at once ------------------------------------------------------------ */

enum { WRITERS = 4, ROUNDS = 60 };

static bool add_one(struct db *db, void *arg, struct err *err_r)
{
	int64_t n;

	(void)arg;
	return db_number(db, T_COUNTER_GET, DB_ARGS(db_int(1)), &n, err_r) &&
	       db_write(db, T_COUNTER_ADD, DB_ARGS(db_int(1), db_int(1)), NULL, err_r);
}

static int writer(const struct fixture *f)
{
	struct db *db = fixture_open(f);
	int failed = 0;

	for (int i = 0; i < ROUNDS; i++)
		failed += !db_transaction(db, add_one, NULL, NULL);
	db_free(&db);
	return failed ? 1 : 0;
}

static void together(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	int pids[WRITERS], failed = 0;
	int64_t n = 0;

	db_free(&db);
	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(writer(f));
	}
	for (int i = 0; i < WRITERS; i++)
		failed += reap(pids[i]) != 0;
	is_int(failed, 0, "no writer met an error");
	db = fixture_open(f);
	ok(db_number(db, T_COUNTER_GET, DB_ARGS(db_int(1)), &n, NULL), "read");
	is_int(n, WRITERS * ROUNDS, "every addition counts once");
	db_free(&db);
}

/* --- the deadline ---------------------------------------------------------------- */

struct hold { int ready, release; };
static bool hold_counter(struct db *db, void *arg, struct err *err_r)
{
	const struct hold *h = arg;
	char byte;

	return add_one(db, NULL, err_r) && write(h->ready, "x", 1) == 1 &&
	       read(h->release, &byte, 1) >= 0;
}

static int holder(const struct fixture *f, struct hold *h)
{
	struct db *db = fixture_open(f);
	bool done = db_transaction(db, hold_counter, h, NULL);

	db_free(&db);
	return done ? 0 : 1;
}

/* The child keeps its lock until we have our answer, so an answer at all is
 * proof that the deadline ended the wait. */
static void held(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	struct err e = { 0 };
	int64_t n = -1;
	int up[2], down[2], pid;
	char byte;

	if (pipe(up) != 0 || pipe(down) != 0 || (pid = fork()) < 0)
		return (void)ok(false, "pipe and fork");
	if (pid == 0) {
		close(down[1]);
		_exit(holder(f, &(struct hold){ up[1], down[0] }));
	}
	ok(read(up[0], &byte, 1) == 1, "another process writes");
	db_deadline(db, clock_monotonic() + 300);
	ok(!db_transaction(db, add_one, NULL, &e) && e.kind == ERR_UNAVAILABLE,
	   "a writer gives up at its deadline: %s", e.message);
	ok(e.retry_after > 0, "and says when to come back");
	db_deadline(db, 0);
	ok(db_number(db, T_COUNTER_GET, DB_ARGS(db_int(1)), &n, &e) && n == 0,
	   "readers do not wait, and see nothing of it");
	ok(write(down[1], "x", 1) == 1 && reap(pid) == 0, "the other one commits");
	ok(db_transaction(db, add_one, NULL, &e), "then it is our turn");
	ok(db_number(db, T_COUNTER_GET, DB_ARGS(db_int(1)), &n, &e) && n == 2, "both count");
	db_free(&db);
}

static void endless(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	struct err e = { 0 };
	enum db_rc rc;

	db_deadline(db, clock_monotonic() + 200);
	rc = db_query(db, T_ENDLESS, DB_NO_ARGS, &e);
	ok(rc != DB_ROW && rc != DB_OK && e.kind == ERR_UNAVAILABLE,
	   "an endless statement ends at the deadline: %s", e.message);
	db_deadline(db, 0);
	is_int(things(db), 0, "the handle goes on");
	db_free(&db);
}

/* Each pause is counted instead, while this is on. */
static bool pauses_counted;
static int64_t pause_us;
int contract_pauses;

int __real_nanosleep(const struct timespec *want, struct timespec *left);
int __wrap_nanosleep(const struct timespec *want, struct timespec *left);
int __wrap_nanosleep(const struct timespec *want, struct timespec *left)
{
	contract_pauses++;
	if (!pauses_counted)
		return __real_nanosleep(want, left);
	pause_us = want->tv_sec * 1000000 + want->tv_nsec / 1000;
	return 0;
}

/* The longest of many pauses before this attempt: drawn at random, so it comes
 * near the most that may be, and never above. */
static int64_t longest(struct db *db, unsigned attempt, int64_t deadline)
{
	int64_t most = 0;

	for (int i = 0; i < 1000; i++) {
		if (!db_backoff(db, attempt, deadline))
			return -1;
		if (pause_us < 100)
			return 0;
		most = pause_us > most ? pause_us : most;
	}
	return most;
}

static void pauses(const struct fixture *f)
{
	static const struct { unsigned attempt; int64_t most_ms; } rows[] = {
		{ 0, 4 }, { 1, 8 }, { 2, 16 }, { 3, 32 }, { 4, 64 }, { 5, 128 }, { 6, 200 },
		{ 7, 200 }, { 1000, 200 },
	};
	struct db *db = fixture_open(f);
	int64_t us, now = clock_monotonic();

	pauses_counted = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		us = longest(db, rows[i].attempt, now + DAY_MS);
		ok(us > rows[i].most_ms * 900 && us <= rows[i].most_ms * 1000 + 100,
		   "before attempt %u at most %lld ms", rows[i].attempt, (long long)rows[i].most_ms);
	}
	us = longest(db, 6, now + 150);
	ok(us == -1 || (us > 0 && us <= 150 * 1000), "never past the deadline");
	ok(!db_backoff(db, 0, now - 1), "nor after it");
	pauses_counted = false;
	db_free(&db);
}

const struct test_case transaction_cases[] = {
	{ "writes belong to transactions", ON_BOTH, outside },
	{ "a transaction that is held", ON_BOTH, left_open },
	{ "nested transactions", ON_BOTH, nested },
	{ "conflicts", ON_BOTH, conflicts },
	{ "checks", ON_BOTH, checks },
	{ "several writers", ON_BOTH, together },
	{ "deadline under a lock", ON_BOTH, held },
	{ "deadline of a statement", ON_BOTH, endless },
	{ "pauses between attempts", ON_BOTH, pauses },
	{ 0 },
};
