/*
 * tests/db/op_budget.c - budgets of applications at providers: exact, also when eight
 * processes take at once; all windows or none; at the edges of windows and after steps of
 * the clock; shut by the provider.
 */
#include "config.h"

#include "auth/auth.h"
#include "op/budget.h"
#include "op_fixture.h"
#include "provider/providers.h"
#include "store/budget.h"
#include "store/quota.h"

#define PROCESSES 8
#define QUARTER_MS (900 * SECOND_MS)
#define HOUR_MS (4 * QUARTER_MS)

static struct fixture f;
static struct err err;
static int64_t until;

static struct provider row_with(const char *budgets)
{
	return (struct provider){ .id = "p", .title = "P", .budgets = strings_split(f.arena, budgets, ',') };
}

static const char *new_id(void)
{
	char id[UUID_TEXT];

	random_uuid(id);
	return arena_strdup(f.arena, id);
}

static bool take(const struct budget_call *call)
{
	return op_budget_take(&f.op, call, &until, &err);
}

/* Until one is refused. */
static int take_all(const struct budget_call *call)
{
	int n = 0;

	while (n < 1000 && take(call))
		n++;
	return n;
}

static bool refused(const char *reason)
{
	return err.kind == ERR_RATE && str_eq(err.reason, reason);
}

/* --- windows ----------------------------------------------------------------------- */

static void test_windows(void)
{
	struct provider p = row_with("7/quarter,12/day");
	const struct budget_call call = { .p = &p, .app_id = new_id() };
	const struct budget_call other = { .p = &p, .app_id = new_id() };

	f.op.now = T0;
	is_int(take_all(&call), 7, "as many as the quarter has");
	ok(refused("provider_budget"), "then it is used up: %s", err.message);
	is_int(until, T0 + QUARTER_MS, "until the quarter ends");
	is_int(err.retry_after, 900, "in seconds, too");
	is_int(take_all(&other), 7, "another application has its own");
	f.op.now = T0 + QUARTER_MS - 1;
	ok(!take(&call) && err.retry_after == 1, "a millisecond before its end it is used up");
	f.op.now = T0 + QUARTER_MS;
	is_int(take_all(&call), 5, "the next quarter has what the day leaves: nothing that was refused was taken");
	is_int(until, T0 + DAY_MS, "until the day ends");
	f.op.now = T0 + 2 * QUARTER_MS;
	is_int(take_all(&call), 0, "the day is used up");
	f.op.now = T0 + DAY_MS - 1;
	is_int(take_all(&call), 0, "to its last millisecond");
	f.op.now = T0 + DAY_MS;
	is_int(take_all(&call), 7, "midnight of UTC begins both anew");
}

static void test_edges(void)
{
	static const struct { const char *budget; int64_t at, end; } all[] = {
		{ "1/minute", 59999, 60000 }, { "1/minute", 60000, 120000 },
		{ "1/quarter", 1799999, 1800000 }, { "1/hour", 1, HOUR_MS },
		{ "1/day", DAY_MS - 1, DAY_MS }, { "1/300s", 299999, 300000 }, { "1/300s", 300000, 600000 },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct provider p = row_with(all[i].budget);
		const struct budget_call call = { .p = &p, .app_id = new_id() };

		f.op.now = T0 + all[i].at;
		is_int(take_all(&call), 1, all[i].budget);
		is_int(until, T0 + all[i].end, "ends where the clock of UTC has its edge");
	}
}

static void test_clock_steps(void)
{
	struct provider p = row_with("5/quarter");
	const struct budget_call call = { .p = &p, .app_id = new_id() };

	f.op.now = T0;
	take(&call);
	take(&call);
	f.op.now = T0 + 365 * DAY_MS;
	is_int(take_all(&call), 5, "a clock that is a year ahead takes from a quarter of its own");
	f.op.now = T0 + 1;
	is_int(take_all(&call), 3, "and leaves what there is when it is right again");
	f.op.now = T0 - QUARTER_MS;
	is_int(take_all(&call), 5, "one that is behind, likewise");
	f.op.now = T0 + 2;
	is_int(take_all(&call), 0, "nothing is given twice");
}

static void test_smaller(void)
{
	struct provider p = row_with("5/quarter,3/quarter");
	const struct budget_call call = { .p = &p, .app_id = new_id() };

	f.op.now = T0;
	is_int(take_all(&call), 3, "of two for one window the smaller counts, and each request once");
	p = row_with("2/quarter");
	ok(!take(&call), "a limit that was lowered since refuses");
	p = row_with("4/quarter");
	is_int(take_all(&call), 1, "one that was raised gives the rest");
}

/* --- whose ------------------------------------------------------------------------- */

static void test_whose(void)
{
	struct provider p = row_with("6/quarter,read 2/quarter,user 3/minute,token 100/300s");
	struct budget_call call = { .p = &p, .app_id = new_id(), .connection_id = new_id(), .reads = true };
	struct db *quota = f.process.quota;
	const char *app = call.app_id;

	f.op.now = T0;
	is_int(take_all(&call), 2, "requests that read have a budget of their own");
	call.reads = false;
	is_int(take_all(&call), 1, "and count in that of the user");
	is_int(until, T0 + 60000, "which is counted by the minute");
	call.connection_id = new_id();
	is_int(take_all(&call), 3, "another user has another; the application has no more than 6");
	call.connection_id = NULL;
	is_int(take_all(&call), 0, "also without a user");
	call.connection_id = new_id();
	call.app_id = NULL;
	is_int(take_all(&call), 3, "tokens whose application is not known have the user's budget alone");
	call.connection_id = NULL;
	ok(take(&call), "and what is nobody's is not counted");
	call.app_id = app;
	f.process.quota = NULL;
	ok(!take(&call) && err.kind == ERR_UNAVAILABLE, "nothing may be sent where it cannot be counted");
	ok(!op_budget_shut(&f.op, &call, T0 + 1000, &err) && err.kind == ERR_UNAVAILABLE, "nor is it shut");
	f.process.quota = quota;
}

static const struct providers *builtin;

/* How often its token endpoint is asked, with a budget of one. */
static int asked(const char *id)
{
	struct provider p;
	struct budget_call call = { .p = &p, .app_id = new_id(), .auth = true };

	if (!provider_get(builtin, id, T0, &p, &err))
		bail_out(id, &err);
	p.budgets = row_with("1/day").budgets;
	return take_all(&call);
}

static void test_rows(void)
{
	struct provider p;
	struct budget_call call = { .p = &p, .app_id = new_id(), .reads = true };

	f.op.now = T0;
	is_int(asked("strava"), 1, "strava: requests to token endpoints count");
	is_int(asked("wahoo"), 1000, "wahoo: they do not");
	if (!provider_get(builtin, "strava", T0, &p, &err))
		bail_out("strava", &err);
	is_int(take_all(&call), 100, "strava: 100 reads a quarter");
	call.reads = false;
	is_int(take_all(&call), 100, "of 200 requests");
}

/* --- shut -------------------------------------------------------------------------- */

static void test_shut(void)
{
	struct provider p = row_with("5/quarter"), own = row_with("5/quarter,token 5/300s");
	struct budget_call call = { .p = &p, .app_id = new_id(), .connection_id = new_id() };
	struct budget_call other = call;

	f.op.now = T0;
	ok(op_budget_shut(&f.op, &call, T0 + 2 * QUARTER_MS, &err), "a provider refuses");
	ok(!take(&call) && refused("provider_shut"), "then nothing is taken: %s", err.message);
	is_int(until, T0 + 2 * QUARTER_MS, "until it said");
	other.connection_id = new_id();
	ok(!take(&other), "by no user of the application");
	ok(op_budget_shut(&f.op, &call, T0 + 1000, &err) && !take(&call) && until == T0 + 2 * QUARTER_MS,
	   "a moment before that changes nothing");
	f.op.now = T0 + 2 * QUARTER_MS - 1;
	ok(!take(&call), "to the last millisecond");
	f.op.now++;
	is_int(take_all(&call), 5, "from then on there is a whole budget");

	call = (struct budget_call){ .p = &own, .app_id = new_id(), .connection_id = new_id() };
	other = call;
	other.connection_id = new_id();
	f.op.now = T0;
	ok(op_budget_shut(&f.op, &call, T0 + 5000, &err) && !take(&call), "where tokens have a budget, this one's is shut");
	ok(take(&other), "and those of others are not");
	call.connection_id = NULL;
	ok(op_budget_shut(&f.op, &call, T0 + 5000, &err) && !take(&other), "without a token, the application's");

	call = (struct budget_call){ .p = &p, .app_id = new_id() };
	f.op.now = T0 + 365 * DAY_MS;
	ok(op_budget_shut(&f.op, &call, f.op.now + 3 * DAY_MS, &err) && !take(&call), "a clock that is a year ahead");
	is_int(until, f.op.now + DAY_MS, "and no longer than a day");
	f.op.now = T0;
	ok(take(&call), "shuts nothing that is asked by the right one");
	ok(op_budget_shut(&f.op, &call, T0 + 1000, &err) && !take(&call) && until == T0 + 1000,
	   "and does not stand in the way of what the provider says then");
}

/* Brought by their owner, and with what shows whose application they are of. */
static void test_brought(void)
{
	struct provider p = row_with("5/quarter");
	const struct connection brought = { .id = new_id(), .app_id = new_id(), .state = CONNECTION_OK,
					    .refreshed_at = T0, .connected_at = T0 };
	struct connection given = brought;
	struct budget_call call = { .p = &p, .app_id = budget_app_of(&brought), .connection_id = brought.id };

	f.op.now = T0;
	is_str(call.app_id, NULL, "tokens that were brought are of no application's budget");
	ok(op_budget_shut(&f.op, &call, T0 + 5000, &err) && !take(&call), "a refusal of theirs shuts the connection");
	call = (struct budget_call){ .p = &p, .app_id = brought.app_id, .connection_id = new_id() };
	is_int(take_all(&call), 5, "and takes nothing from the application");
	given.refreshed_at = T0 + 1;
	is_str(budget_app_of(&given), given.app_id, "once they were refreshed, they are of it");
	given = brought;
	given.scopes_asked = strings_split(f.arena, "read", ',');
	is_str(budget_app_of(&given), given.app_id, "and those of a code");
	given = brought;
	given.state = CONNECTION_UNIDENTIFIED;
	is_str(budget_app_of(&given), given.app_id, "before it is known whose they are, too");
}

/* --- at once ------------------------------------------------------------------------- */

/* One of them names the budgets in another order: none waits for another in a circle. */
static void child(int i, int fd, const char *app_id)
{
	struct provider p = row_with(i % 2 ? "150/day,100/quarter,read 90/quarter" :
				     "read 90/quarter,100/quarter,150/day");
	struct budget_call call = { .p = &p, .app_id = app_id, .reads = i % 4 == 0 };
	int n = 0;

	fixture_connect(&f);
	f.process.quota = store_quota_open(f.db);
	f.op.now = T0;
	while (take(&call))
		n++;
	if (err.kind != ERR_RATE)
		n = -1000;
	call.reads = false;
	while (n >= 0 && take(&call))
		n++;
	_exit(write(fd, &n, sizeof(n)) == (ssize_t)sizeof(n) ? 0 : 1);
}

static int race(const char *app_id)
{
	int fds[2], status, total = 0, n, bad = 0;

	store_quota_close(&f.process.quota, f.db);
	fixture_disconnect(&f);
	if (pipe(fds) != 0)
		exit(99);
	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0)
			child(i, fds[1], app_id);
	close(fds[1]);
	while (read(fds[0], &n, sizeof(n)) == (ssize_t)sizeof(n))
		total += n;
	close(fds[0]);
	while (wait(&status) > 0)
		bad += status != 0;
	fixture_connect(&f);
	f.process.quota = store_quota_open(f.db);
	is_int(bad, 0, "no process failed");
	return total;
}

static void test_race(void)
{
	struct provider p = row_with("150/day");
	const struct budget_call call = { .p = &p, .app_id = new_id() };

	is_int(race(call.app_id), 100, "eight processes together get the budget, no more and no fewer");
	f.op.now = T0 + QUARTER_MS;
	is_int(take_all(&call), 50, "and what was refused is not counted");
}

static void test_sweep(void)
{
	struct provider p = row_with("1/quarter,1/day");
	const struct budget_call call = { .p = &p, .app_id = new_id() };
	int64_t n;

	f.op.now = T0 + 30 * DAY_MS;
	ok(store_budget_sweep(f.process.quota, f.op.now, &n, &err) && n > 0, "rows of the past are deleted");
	ok(take(&call) && op_budget_shut(&f.op, &call, f.op.now + 1000, &err), "a request, and a refusal");
	ok(store_budget_sweep(f.process.quota, f.op.now + QUARTER_MS + HOUR_MS - 1, &n, &err) && n == 1,
	   "one that is shut goes an hour after its end");
	ok(store_budget_sweep(f.process.quota, f.op.now + QUARTER_MS + HOUR_MS, &n, &err) && n == 1,
	   "and a window, too");
	ok(store_budget_sweep(f.process.quota, f.op.now + DAY_MS, &n, &err) && n == 0 && !take(&call),
	   "the day is still counted");
}

int main(void)
{
	fixture_open(&f);
	f.process.quota = store_quota_open(f.db);
	builtin = providers_read(f.arena, NULL, &err);
	if (!builtin || !store_quota_migrate(f.process.quota, &err))
		bail_out("open", &err);
	test_windows();
	test_edges();
	test_clock_steps();
	test_smaller();
	test_whose();
	test_rows();
	test_shut();
	test_brought();
	test_race();
	test_sweep();
	store_quota_close(&f.process.quota, f.db);
	fixture_close(&f);
	return tap_done();
}
