/*
 * The slowing of guesses (R18, R19), on the backend given. Time is op.now, so every
 * wait is exact; "at once" is real: one process each.
 */
#include "config.h"

#include "op/throttle.h"
#include "login_op.h"

/* --- guessing --------------------------------------------------------------- */

static void test_doubling(void)
{
	static const int64_t want[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900 };
	struct user user = make_user(&f, NULL);
	const char *const emails[] = { user.email, "nobody2@example.org" };

	for (int e = 0; e < 2; e++) {
		start(T0);
		for (int i = 0; i < 4; i++)
			if (login(emails[e], WRONG) != ERR_AUTH_INVALID)
				ok(false, "failure %d is let through", i + 1);
		for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
			is_int(login(emails[e], WRONG), ERR_AUTH_INVALID, e ? "unknown account: a guess"
			       : "a guess");
			is_int(login(emails[e], PASSWORD), ERR_RATE, "then none, right or wrong");
			is_int(err.retry_after, want[i], "and this wait");
			f.op.now += want[i] * SECOND_MS - 1;
			is_int(login(emails[e], WRONG), ERR_RATE, "until the last millisecond");
			f.op.now += 1;
		}
	}
}

static void test_success_forgets(void)
{
	struct user user = make_user(&f, NULL);

	start(T0);
	for (int i = 0; i < 5; i++)
		login(user.email, WRONG);
	is_int(login(user.email, PASSWORD), ERR_RATE, "5 failures: wait");
	is_int(login_from("192.0.2.200", user.email, PASSWORD), ERR_RATE, "the same /24 too");
	is_int(login_from("192.0.3.1", user.email, PASSWORD), ERR_NONE, "another network not");
	start(T0 + SECOND_MS);
	is_int(login(user.email, PASSWORD), ERR_NONE, "after the wait");
	for (int i = 0; i < 5; i++)
		is_int(login(user.email, WRONG), ERR_AUTH_INVALID, "counted from the beginning");
	for (int i = 0; i < 12; i++) {
		is_int(login(user.email, WRONG), ERR_RATE, "known network: wait");
		f.op.now += err.retry_after * SECOND_MS;
		login(user.email, WRONG);
	}
	is_int(login(user.email, WRONG), ERR_RATE, "still waits");
	is_int(err.retry_after, 60, "at most 60 s, as the network is known");
	f.op.now -= 2 * DAY_MS;
	is_int(login(user.email, WRONG), ERR_AUTH_INVALID, "a clock set back blocks nobody");
	f.op.now += 3 * DAY_MS;
	for (int i = 0; i < 5; i++)
		is_int(login(user.email, WRONG), ERR_AUTH_INVALID, "idle for a day: forgotten");
}

static void test_account_total(void)
{
	struct user user = make_user(&f, NULL);

	start(T0);
	is_int(login_from("198.51.100.1", user.email, PASSWORD), ERR_NONE, "a network gets known");
	for (int i = 0; i < 29; i++)
		login_from(network(i), user.email, WRONG);
	is_int(err.kind, ERR_AUTH_INVALID, "29 failures from 29 networks");
	is_int(login_from(network(50), user.email, PASSWORD), ERR_NONE, "a new network may log in");
	is_int(login_from(network(29), user.email, WRONG), ERR_AUTH_INVALID,
	       "which took its attempt back: the 30th failure");
	f.op.now += 60 * SECOND_MS;
	is_int(login_from(network(30), user.email, PASSWORD), ERR_RATE, "unknown networks wait");
	is_int(err.retry_after, 3540, "until the hour is over");
	is_int(login_from("198.51.100.99", user.email, PASSWORD), ERR_NONE, "the known one does not");
	is_int(login_from(network(50), user.email, PASSWORD), ERR_NONE, "nor the other");
	is_int(login_from("198.51.100.99", user.email, WRONG), ERR_AUTH_INVALID,
	       "a known network's failure is judged");
	f.op.now = T0 + 3600 * SECOND_MS;
	is_int(login_from(network(30), user.email, PASSWORD), ERR_NONE, "the hour is over");
}

/* Spellings of one address are one account, and one budget. */
static void spellings(const char *const emails[5], const char *name)
{
	for (int i = 0; i < 5; i++)
		is_int(login(emails[i], WRONG), ERR_AUTH_INVALID, emails[i]);
	is_int(login(emails[0], WRONG), ERR_RATE, name);
}

static void test_spellings(void)
{
	static const char *const here[] = {
		"j\303\266rg@m\303\274ller.de", "J\303\226RG@M\303\234LLER.DE",
		"jo\314\210rg@mu\314\210ller.de", "j\303\266rg@xn--mller-kva.de",
		"Jo\314\210rg@XN--MLLER-KVA.de",
	};
	static const char *const nobody[] = {
		"\303\274@m\303\274.de", "\303\234@M\303\234.DE", "u\314\210@mu\314\210.de",
		"\303\274@xn--m-eha.de", "U\314\210@XN--M-EHA.de",
	};
	struct user user;

	ok(op_user_create(&f.op, &(struct user){ .email = here[1], .password = PASSWORD },
			  &user, &err), "made");
	start(T0);
	for (int i = 0; i < 5; i++)
		is_int(login(here[i], PASSWORD), ERR_NONE, here[i]);
	is_str(seen.email, here[1], "the address stays as it was registered");
	spellings(here, "five spellings, one account: wait");
	spellings(nobody, "five spellings of nobody's address: wait");
}

static int guess_once(struct fixture *child, int index, void *arg)
{
	struct session_tokens t;
	struct user u;
	struct err e;
	const char *base = arg;

	if (*base == '+')
		child->op.client.remote_addr = arena_printf(child->arena, "10.2.%d.1", index);
	op_login(&child->op, &(struct login_in){ base + 1, WRONG }, &t, &u, &e);
	return e.kind == ERR_AUTH_INVALID ? 1 : e.kind == ERR_RATE ? 2 : 3;
}

static void test_at_once(void)
{
	struct user user = make_user(&f, NULL);
	int counts[OUTCOMES];

	start(T0);
	at_once(&f, 16, guess_once, arena_printf(f.arena, "=%s", user.email), counts);
	is_int(counts[1], 5, "16 guesses at once from one network: 5 are judged");
	is_int(counts[2], 11, "the others wait");
	user = make_user(&f, NULL);
	at_once(&f, 40, guess_once, arena_printf(f.arena, "+%s", user.email), counts);
	is_int(counts[1], 30, "40 at once from 40 networks: 30 are judged");
	is_int(counts[2], 10, "the others wait");
}

static int login_once(struct fixture *child, int index, void *arg)
{
	struct session_tokens t;
	struct user u;
	struct err e;

	child->op.client.remote_addr = arena_printf(child->arena, "10.3.%d.1", index);
	return op_login(&child->op, &(struct login_in){ arg, PASSWORD }, &t, &u, &e) ? 1 : 2;
}

static void test_logins_at_once(void)
{
	struct user user = make_user(&f, NULL);
	int counts[OUTCOMES];

	start(T0);
	at_once(&f, 12, login_once, (void *)(uintptr_t)user.email, counts);
	is_int(counts[1], 12, "12 logins at once from 12 networks all succeed");
	is_int(look(&f, LOOK_SESSIONS, user.id, NULL), 12, "12 sessions");
}

static void test_networks(void)
{
	static const char *const rows[][2] = {
		{ "192.0.2.77", "192.0.2.0/24" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64" },
		{ "2001:DB8::1", "2001:db8::/64" },
		{ "::ffff:192.0.2.77", "192.0.2.0/24" },
		{ "unix:", "-" }, { "", "-" }, { NULL, "-" }, { "*", "-" },
	};
	char out[NETWORK_TEXT];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		throttle_network(rows[i][0], out);
		is_str(out, rows[i][1], rows[i][0] ? rows[i][0] : "no address");
	}
}

int main(void)
{
	fixture_open(&f);
	test_networks();
	test_doubling();
	test_success_forgets();
	test_account_total();
	test_spellings();
	test_at_once();
	test_logins_at_once();
	fixture_close(&f);
	return tap_done();
}
