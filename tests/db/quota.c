/*
 * tests/db/quota.c - leases: exact for every limit, also when eight processes
 * lease at once, when the limit moves, and when something is given back.
 */
#include "config.h"

#include "base/window.h"
#include "op_fixture.h"
#include "store/quota.h"
#include "worst.h"

#define PROCESSES 8

struct limits {
	struct fixture f;
	struct db *quota;
	uint32_t window;
};

static void quota_open(struct limits *t)
{
	struct err err;

	t->quota = store_quota_open(t->f.db);
	if (!store_quota_migrate(t->quota, &err))
		bail_out("migrate", &err);
}

/* The rule of op/limit.h. */
static int64_t rule(enum db_backend b, int64_t limit, int64_t leased)
{
	int64_t n = limit - leased;

	if (b == DB_PGSQL)
		n /= 100;
	return n < 1 ? 1 : n > 1000 ? 1000 : n;
}

static struct quota_lease a_lease(const struct limits *t, const char *subject, int64_t limit,
				  int64_t want)
{
	return (struct quota_lease){ .subject = subject, .kind = WINDOW_HOUR, .window = t->window,
				     .limit = limit, .want = { .least = want, .most = want } };
}

static int64_t lease(struct limits *t, const char *subject, int64_t limit, int64_t want,
		     int64_t *leased_r)
{
	struct quota_lease l = a_lease(t, subject, limit, want);
	struct err err;

	if (!store_quota_lease(t->quota, &l, 1, &err))
		bail_out("lease", &err);
	*leased_r = l.leased;
	return l.granted;
}

static int64_t leased(struct limits *t, const char *subject)
{
	struct err err;
	int64_t n = -1;

	if (!store_quota_leased(t->quota, subject, WINDOW_HOUR, t->window, &n, &err))
		bail_out("leased", &err);
	return n;
}

/* Until nothing is granted; what was. */
static int64_t lease_all(struct limits *t, const char *subject, int64_t limit)
{
	int64_t total = 0, granted, is = 0;

	while ((granted = lease(t, subject, limit, rule(db_backend_of(t->quota), limit, is), &is)) > 0)
		total += granted;
	return total;
}

static void exact(struct limits *t)
{
	static const int64_t all[] = { 1, 5, 7, 100, 350, 999, 10000, 12345 };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		const char *subject = arena_printf(t->f.arena, "kexact-%lld", (long long)all[i]);

		ok(lease_all(t, subject, all[i]) == all[i], "limit %lld", (long long)all[i]);
		is_int(leased(t, subject), all[i], "and the row says so");
	}
	is_int(leased(t, "knever"), 0, "nobody leased: 0");
	is_int(lease_all(t, "kzero", 0), 0, "limit 0 grants nothing");
}

static void remainder_of_three(struct limits *t)
{
	static const int64_t want[] = { 3, 3, 2, 0 };
	int64_t is;

	for (size_t i = 0; i < 4; i++)
		ok(lease(t, "kremainder", 8, 3, &is) == want[i], "3 of 8, turn %zu", i + 1);
	is_int(is, 8, "all leased");
	is_int(lease(t, "kgreedy", 8, 3000, &is), 8, "more than there is: what there is");
}

static void child(struct limits *t, int fd, int64_t limit)
{
	int64_t n;

	fixture_connect(&t->f);
	t->quota = store_quota_open(t->f.db);
	n = lease_all(t, "krace", limit);
	_exit(write(fd, &n, sizeof(n)) == (ssize_t)sizeof(n) ? 0 : 1);
}

static void race(struct limits *t, int64_t limit)
{
	int64_t total = 0, n;
	int fds[2], status, bad = 0;

	store_quota_close(&t->quota, t->f.db);
	fixture_disconnect(&t->f);
	if (pipe(fds) != 0)
		exit(99);
	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0)
			child(t, fds[1], limit);
	close(fds[1]);
	while (read(fds[0], &n, sizeof(n)) == (ssize_t)sizeof(n))
		total += n;
	close(fds[0]);
	while (wait(&status) > 0)
		bad += status != 0;
	fixture_connect(&t->f);
	t->quota = store_quota_open(t->f.db);
	is_int(bad, 0, "no process failed");
	is_int(total, limit, "eight processes together get the limit");
	is_int(leased(t, "krace"), limit, "and the row says so");
}

static void moved(struct limits *t)
{
	int64_t is;

	is_int(lease_all(t, "kmoved", 100), 100, "100 of 100");
	is_int(lease(t, "kmoved", 50, 10, &is), 0, "lowered to 50: nothing");
	is_int(is, 100, "100 are out");
	is_int(lease_all(t, "kmoved", 107), 7, "raised to 107: 7 more");
	is_int(lease_all(t, "kmoved", 107), 0, "and no more");
}

static void lease_rest(void *arg)
{
	lease_all(arg, "kmeanwhile", 100);
}

/* Others lease between our look and our lease; the limit was lowered for us alone. */
static void leased_meanwhile(struct limits *t)
{
	int64_t is;

	is_int(lease(t, "kmeanwhile", 100, 10, &is), 10, "10 of 100");
	worst(WORST_DB_TRANSACTION, (struct moment){ .before = lease_rest, .arg = t });
	is_int(lease(t, "kmeanwhile", 50, 10, &is), 0, "all 100 are leased meanwhile: nothing of 50");
	is_int(is, 50, "as far as we know");
	is_int(leased(t, "kmeanwhile"), 100, "and the row stays as it is");
}

static bool give_back(struct limits *t, uint32_t window, int64_t n)
{
	const struct quota_return all[] = {
		{ "kother", WINDOW_HOUR, t->window, 1 }, { "kback", WINDOW_HOUR, window, n },
	};
	struct err err;

	return store_quota_return(t->quota, all, 2, &err);
}

static void given_back(struct limits *t)
{
	struct err err;
	int64_t is;

	is_int(lease(t, "kother", 10, 10, &is), 10, "10 of another");
	is_int(lease(t, "kback", 10, 10, &is), 10, "10 of 10");
	ok(give_back(t, t->window, 4), "4 go back");
	is_int(leased(t, "kback"), 6, "6 are out");
	is_int(lease_all(t, "kback", 10), 4, "the 4 can be leased again");
	ok(give_back(t, t->window, 99), "too many");
	is_int(leased(t, "kback"), 0, "never below zero");
	ok(give_back(t, t->window - 1, 5), "no such window");
	ok(store_quota_return(t->quota, NULL, 0, &err), "nothing");
	is_int(leased(t, "kother"), 7, "each time one of the other, in the same transaction");
	is_int(leased(t, "kback"), 0, "nothing changed");
}

/* One transaction, each judged by itself. */
static void together(struct limits *t)
{
	struct quota_lease l[] = {
		a_lease(t, "kfirst", 100, 30), a_lease(t, "kspent", 5, 5), a_lease(t, "klast", 100, 30),
		a_lease(t, "kfirst", 100, 30),
	};
	struct err err;
	int64_t is;

	lease(t, "kspent", 5, 5, &is);
	lease(t, "klast", 100, 90, &is);
	ok(store_quota_lease(t->quota, l, 4, &err), "four leases");
	is_int(l[0].granted, 30, "what was wanted");
	is_int(l[1].granted, 0, "nothing of what is used up");
	is_int(l[1].leased, 5, "which is said");
	is_int(l[2].granted, 10, "the rest");
	is_int(l[3].leased, 60, "one subject twice is leased twice");
	is_int(leased(t, "kfirst") + leased(t, "klast"), 160, "and all is committed");
	ok(store_quota_lease(t->quota, l, 0, &err), "none");
}

static void swept(struct limits *t)
{
	int64_t end = window_end(WINDOW_HOUR, t->window), n = 0, is;
	struct quota_lease month;
	struct err err;

	lease(t, "kswept", 10, 10, &is);
	for (int i = 0; i < 600; i++)
		lease(t, arena_printf(t->f.arena, "kmany-%d", i), 1, 1, &is);
	month = a_lease(t, "kswept", 10, 10);
	month.kind = WINDOW_MONTH;
	month.window = window_id(WINDOW_MONTH, end);
	ok(store_quota_lease(t->quota, &month, 1, &err), "a month's lease");
	ok(store_quota_sweep(t->quota, end, &n, &err), "swept at the end of the hour");
	is_int(n, 0, "a host whose clock is behind may still need them");
	ok(store_quota_sweep(t->quota, end + 3600 * SECOND_MS, &n, &err), "swept an hour later");
	ok(n > 600, "more than one page (%lld)", (long long)n);
	is_int(leased(t, "kswept"), 0, "gone");
	ok(store_quota_leased(t->quota, "kswept", WINDOW_MONTH, window_id(WINDOW_MONTH, end), &is, &err),
	   "the month's");
	is_int(is, 10, "is there");
}

int main(void)
{
	struct limits t = { .window = window_id(WINDOW_HOUR, T0) };

	fixture_open(&t.f);
	quota_open(&t);
	exact(&t);
	remainder_of_three(&t);
	race(&t, 12345);
	moved(&t);
	leased_meanwhile(&t);
	given_back(&t);
	together(&t);
	swept(&t);
	store_quota_close(&t.quota, t.f.db);
	fixture_close(&t.f);
	return tap_done();
}
