/*
 * tests/db/case_fault.c - the policy of db.c under faults: a wrapper in front
 * of the real driver loses the connection at a chosen step.
 */
#include "config.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "db/db_core.h"
#include "tests/db/contract.h"

#define AUDIT_1 "00000000-0000-4000-8000-0000000000a1"

/* How many of the next calls fail, and whether the work was done before. */
static struct {
	const struct db_driver *real;
	int commit_after, commit_before;   /* COMMIT done / not done, answer lost */
	int query_gone, begin_busy, open_refused;
	int64_t refusal_ms;                /* so long does a refusal take, by our clock */
	int gone_early, gone_late;         /* begin and ping: at once / at the deadline */
	int opened, queried;
} fault;

/* The clock goes on without anybody waiting: no machine is too slow for a deadline then. */
static int64_t clock_skew;

int64_t __real_clock_monotonic(void);
int64_t __wrap_clock_monotonic(void);
int64_t __wrap_clock_monotonic(void)
{
	return __real_clock_monotonic() + clock_skew;
}

static struct db_conn *faulty_open(const struct db_options *o, int64_t deadline,
				   struct err *err_r)
{
	fault.opened++;
	if (fault.open_refused > 0) {
		fault.open_refused--;
		clock_skew += fault.refusal_ms;
		err_set(err_r, ERR_UNAVAILABLE, "Nobody listens");
		return NULL;
	}
	return fault.real->open(o, deadline, err_r);
}

static bool is_gone(int64_t deadline, struct err *err_r)
{
	if (fault.gone_early > 0) {
		fault.gone_early--;
		err_set(err_r, ERR_UNAVAILABLE, "Read-only");
		return true;
	}
	if (fault.gone_late == 0)
		return false;
	fault.gone_late--;
	while (clock_monotonic() < deadline)
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	err_set(err_r, ERR_UNAVAILABLE, "Late");
	return true;
}

static enum db_rc faulty_ping(struct db_conn *c, int64_t deadline, struct err *err_r)
{
	return is_gone(deadline, err_r) ? DB_GONE : fault.real->ping(c, deadline, err_r);
}

static enum db_rc faulty_begin(struct db_conn *c, int64_t deadline, struct err *err_r)
{
	if (is_gone(deadline, err_r))
		return DB_GONE;
	if (fault.begin_busy > 0) {
		fault.begin_busy--;
		err_set(err_r, ERR_UNAVAILABLE, "Busy");
		return DB_BUSY;
	}
	return fault.real->begin(c, deadline, err_r);
}

static enum db_rc faulty_commit(struct db_conn *c, int64_t deadline, struct err *err_r)
{
	enum db_rc rc = DB_OK;

	if (fault.commit_before > 0) {
		fault.commit_before--;
		fault.real->rollback(c, deadline);
	} else {
		rc = fault.real->commit(c, deadline, err_r);
		if (rc != DB_OK || fault.commit_after == 0)
			return rc;
		fault.commit_after--;
	}
	err_set(err_r, ERR_UNCERTAIN, "Lost");
	return DB_UNCERTAIN;
}

static enum db_rc faulty_query(struct db_conn *c, int stmt, const struct db_value *args,
			       size_t n, int64_t deadline, struct err *err_r)
{
	fault.queried++;
	if (fault.query_gone > 0) {
		fault.query_gone--;
		err_set(err_r, ERR_UNAVAILABLE, "Gone");
		return DB_GONE;
	}
	return fault.real->query(c, stmt, args, n, deadline, err_r);
}

static struct db *faulty_db(const struct fixture *f)
{
	static struct db_driver driver;
	struct db *db = fixture_ready(f);

	db_free(&db);
	memset(&fault, 0, sizeof(fault));
	fault.real = db_url_driver(f->url, NULL);
	driver = *fault.real;
	driver.open = faulty_open;
	driver.begin = faulty_begin;
	driver.ping = faulty_ping;
	driver.commit = faulty_commit;
	driver.query = faulty_query;
	db = fixture_open(f);
	db_wrap_driver(db, &driver);
	return db;
}

static int64_t number(struct db *db, int stmt)
{
	int64_t n = -1;

	db_number(db, stmt, DB_NO_ARGS, &n, NULL);
	return n;
}

static struct put new_put(const char *audit_id)
{
	return (struct put){
		.thing = { .id = THING_ID(1), .n = 1, .at = 0 }, .audit_id = audit_id };
}

static void resolved(const struct fixture *f)
{
	struct db *db = faulty_db(f);
	struct put p = new_put(AUDIT_1);
	struct err e = { 0 };

	fault.commit_after = 1;
	ok(db_transaction(db, put_thing, &p, &e), "a COMMIT that was done and lost is true");
	is_int(p.runs, 2, "found out by running it again");
	is_int(number(db, T_THING_COUNT), 1, "one row");
	is_int(number(db, T_AUDIT_COUNT), 1, "one audit event");
	ok(!db_transaction(db, put_thing, &p, &e) && e.kind == ERR_CONFLICT,
	   "the same id without a loss is a conflict");
	db_free(&db);
}

static void repeated(const struct fixture *f)
{
	struct db *db = faulty_db(f);
	struct put p = new_put(AUDIT_1);
	struct err e = { 0 };

	fault.commit_before = 2;
	ok(db_transaction(db, put_thing, &p, &e), "a COMMIT that was lost and not done is repeated");
	is_int(p.runs, 3, "until it holds");
	is_int(number(db, T_THING_COUNT), 1, "one row");
	fault.commit_after = 1;
	fault.commit_before = 1;
	p = new_put("00000000-0000-4000-8000-0000000000a2");
	p.thing.id = THING_ID(2);
	ok(db_transaction(db, put_thing, &p, &e), "lost twice, done the second time");
	is_int(number(db, T_THING_COUNT), 2, "one row more");
	db_free(&db);
}

static void not_guessed(const struct fixture *f)
{
	struct db *db = faulty_db(f);
	struct put p = new_put(NULL);
	struct err e = { 0 };

	fault.commit_after = 1;
	ok(!db_transaction(db, put_thing, &p, &e) && e.kind == ERR_UNCERTAIN,
	   "without an audit event nobody knows: %s", e.message);
	is_int(p.runs, 1, "so it is not run again");
	p = new_put(AUDIT_1);
	p.thing.id = THING_ID(2);
	ok(db_connect(db, &e), "connected again");
	fault.commit_after = 1;
	fault.open_refused = 1 << 20;
	fault.refusal_ms = 10000;
	db_deadline(db, clock_monotonic() + 60000);
	ok(!db_transaction(db, put_thing, &p, &e) && e.kind == ERR_UNCERTAIN,
	   "a server that stays away: %s", e.message);
	fault.open_refused = 0;
	db_deadline(db, 0);
	is_int(number(db, T_THING_COUNT), 2, "it had been done");
	db_free(&db);
}

/* Product checks that come before the audit event prove nothing. */
static bool check_first(struct db *db, void *arg, struct err *err_r)
{
	struct put *p = arg;
	int64_t n;

	if (!db_number(db, T_THING_COUNT, DB_NO_ARGS, &n, err_r))
		return false;
	if (n > 0)
		return err_set(err_r, ERR_CONFLICT, "There is one already");
	return put_thing(db, p, err_r);
}

static void wrong_order(const struct fixture *f)
{
	struct db *db = faulty_db(f);
	struct put p = new_put(AUDIT_1);
	struct err e = { 0 };

	fault.commit_after = 1;
	ok(!db_transaction(db, check_first, &p, &e) && e.kind == ERR_UNCERTAIN,
	   "a refusal before the audit event stays uncertain: %s", e.message);
	db_free(&db);
}

static bool query_then_refuse(struct db *db, void *arg, struct err *err_r)
{
	int64_t n;

	++*(int *)arg;
	return db_number(db, T_THING_COUNT, DB_NO_ARGS, &n, err_r) &&
	       err_set(err_r, ERR_NOT_FOUND, "Nothing there");
}

static void gone(const struct fixture *f)
{
	struct db *db = faulty_db(f);
	struct put p = new_put(AUDIT_1);
	struct err e = { 0 };
	int runs = 0;

	fault.query_gone = 2;
	ok(db_transaction(db, put_thing, &p, &e), "a connection lost in a transaction");
	is_int(p.runs, 3, "runs it again");
	is_int(fault.opened, 3, "on a new connection");
	fault.query_gone = 1;
	fault.open_refused = 3;
	ok(!db_transaction(db, query_then_refuse, &runs, &e) && e.kind == ERR_NOT_FOUND,
	   "also when the server needs a moment");
	is_int(runs, 2, "and a refusal is final");
	fault.begin_busy = 5;
	p.thing.id = THING_ID(2);
	p.audit_id = "00000000-0000-4000-8000-0000000000a2";
	ok(db_transaction(db, put_thing, &p, &e), "BUSY runs it again");
	fault.begin_busy = 1 << 20;
	db_deadline(db, clock_monotonic() + 100);
	ok(!db_transaction(db, put_thing, &p, &e) && e.kind == ERR_UNAVAILABLE,
	   "until the deadline");
	db_free(&db);
}

static void reads(const struct fixture *f)
{
	struct db *db = faulty_db(f);
	struct err e = { 0 };
	int64_t n = -1;

	fault.query_gone = 1;
	ok(db_number(db, T_THING_COUNT, DB_NO_ARGS, &n, &e) && n == 0, "a read is asked again");
	is_int(fault.queried, 2, "once");
	fault.query_gone = 1 << 20;
	fault.queried = 0;
	ok(!db_number(db, T_THING_COUNT, DB_NO_ARGS, &n, &e) && e.kind == ERR_UNAVAILABLE,
	   "and no more: %s", e.message);
	is_int(fault.queried, 2, "twice in all");
	fault.query_gone = 0;
	fault.open_refused = 1;
	db_disconnect(db);
	ok(!db_ping(db, &e) && e.kind == ERR_UNAVAILABLE, "a server that is down: %s", e.message);
	ok(db_ping(db, &e), "and up again");
	db_free(&db);
}

#define REASON_MS 500   /* a busy machine connects again within it */

/* Whatever comes at the deadline: why it failed before is told. */
static void first_reason(const struct fixture *f)
{
	struct db *db = faulty_db(f);
	struct put p = new_put(AUDIT_1);
	struct err e = { 0 };

	ok(db_connect(db, &e), "connected");
	db_deadline(db, clock_monotonic() + REASON_MS);
	fault.gone_early = fault.gone_late = 1;
	ok(!db_ping(db, &e), "a ping that fails twice");
	is_str(e.message, "Read-only", "tells why it failed at first");
	db_deadline(db, 0);
	ok(db_connect(db, &e), "connected again");
	db_deadline(db, clock_monotonic() + REASON_MS);
	fault.gone_late = 1;
	fault.open_refused = 1;
	ok(!db_ping(db, &e), "a late ping, and nobody listens");
	is_str(e.message, "Late", "tells why it failed at first");
	fault.open_refused = 0;
	db_deadline(db, 0);
	ok(db_connect(db, &e), "connected once more");
	db_deadline(db, clock_monotonic() + REASON_MS);
	fault.gone_early = 1;
	fault.gone_late = 1 << 20;
	ok(!db_transaction(db, put_thing, &p, &e), "a transaction that fails until the deadline");
	is_str(e.message, "Read-only", "tells why it failed at first");
	is_int(e.kind, ERR_UNAVAILABLE, "and that it may be tried again");
	fault.gone_late = 0;
	db_deadline(db, 0);
	ok(db_transaction(db, put_thing, &p, &e), "which helps");
	db_free(&db);
}

const struct test_case fault_cases[] = {
	{ "a lost COMMIT that was done", ON_BOTH, resolved },
	{ "a lost COMMIT that was not done", ON_BOTH, repeated },
	{ "a lost COMMIT that cannot be resolved", ON_BOTH, not_guessed },
	{ "a lost COMMIT and checks in the wrong order", ON_BOTH, wrong_order },
	{ "a lost connection", ON_BOTH, gone },
	{ "a lost connection while reading", ON_BOTH, reads },
	{ "an outage that lasts to the deadline", ON_BOTH, first_reason },
	{ 0 },
};
