/*
 * Login, and what happens while its password is hashed, on the backend given.
 * Guesses are op_throttle.c's. Time is op.now.
 */
#include "config.h"

#include "op/audit.h"
#include "op/throttle.h"
#include "crypt_seen.h"
#include "login_op.h"
#include "worst.h"

/* --- outcomes --------------------------------------------------------------- */

static void test_success(void)
{
	struct user user = make_user(&f, NULL);

	start(T0);
	is_int(login(user.email, PASSWORD), ERR_NONE, "right password");
	ok(str_starts(tokens.access_token, "pat_"), "an access token");
	ok(str_starts(tokens.refresh_token, "prt_"), "a refresh token");
	is_int(tokens.expires_in, 3600, "expires_in");
	is_int(tokens.expires_at, T0 + 3600 * SECOND_MS, "expires_at");
	is_str(seen.id, user.id, "the user");
	is_int(seen.last_active, T0, "last_active");
	is_int(look(&f, LOOK_AUDIT, "UserLogin", tokens.session_id), 1, "audit event");
	f.op.now += 5000;
	is_int(login("USER1@EXAMPLE.ORG", PASSWORD), ERR_NONE, "upper case is the same address");
	ok(op_user_get(&f.op, EVERY, user.id, &seen, &err), "user again");
	is_int(seen.last_active, T0 + 5000, "last_active moved forward");
	is_int(look(&f, LOOK_SESSIONS, user.id, NULL), 2, "two sessions");
}

static void test_same_refusal(void)
{
	struct user user = make_user(&f, NULL);
	char longer[100] = PASSWORD;

	start(T0);
	memset(longer + strlen(PASSWORD), 'x', sizeof(longer) - strlen(PASSWORD) - 1);
	longer[sizeof(longer) - 1] = '\0';
	is_int(login(user.email, WRONG), ERR_AUTH_INVALID, "wrong password");
	is_str(err.message, "Invalid email or password", "its sentence");
	is_int(look(&f, LOOK_AUDIT, "AuthenticationFailed", user.id), 1, "audit event");
	is_int(login("nobody@example.org", PASSWORD), ERR_AUTH_INVALID, "unknown account");
	is_str(err.message, "Invalid email or password", "the same sentence");
	is_str(err.reason, "credentials", "the same reason");
	is_int(login(user.email, longer), ERR_AUTH_INVALID, "over 72 bytes is a wrong password");
	is_str(err.message, "Invalid email or password", "the same sentence");
	is_int(login(user.email, ""), ERR_AUTH_INVALID, "an empty one too");
	is_int(look(&f, LOOK_SESSIONS, user.id, NULL), 0, "no session");
}

static void test_inactive(void)
{
	struct user user;

	start(T0);
	f.op.client.remote_addr = "203.0.113.1";
	if (!op_user_register(&f.op, &(struct user){
		.email = "pending@example.org", .password = PASSWORD }, &user, &err))
		bail_out("register", &err);
	is_int(login(user.email, WRONG), ERR_AUTH_INVALID, "pending, wrong password");
	for (int i = 0; i < 6; i++)
		login(user.email, PASSWORD);
	is_int(err.kind, ERR_FORBIDDEN, "pending, right password, often: no guess");
	is_str(err.reason, "pending", "reason");
	ok(strstr(err.message, "approve") != NULL, "the sentence names approval");
	is_int(look(&f, LOOK_KNOWN, "203.0.113.0/24", NULL), 0, "nor is the network known by it");
	ok(op_user_approve(&f.op, EVERY, user.id, &(struct user_approve_in){ 0 }, &user,
			   &(struct tenant){ 0 }, &err), "approve");
	is_int(login(user.email, PASSWORD), ERR_NONE, "approved");
	is_int(look(&f, LOOK_KNOWN, "203.0.113.0/24", NULL), 1, "now it is");
	ok(op_user_suspend(&f.op, EVERY, user.id, NULL, &user, &err), "suspend");
	is_int(login(user.email, PASSWORD), ERR_FORBIDDEN, "suspended");
	is_str(err.reason, "suspended", "reason");
	is_int(look(&f, LOOK_SESSIONS, user.id, NULL), 1, "no new session");
}

static void test_stale_hash(void)
{
	struct user user = make_user(&f, NULL);

	start(T0);
	is_int(look(&f, LOOK_PASSWORD, user.id, "$2b$04$%"), 1, "hash of cost 4");
	f.conf.bcrypt_cost = 5;
	is_int(login(user.email, PASSWORD), ERR_NONE, "login at cost 5");
	is_int(look(&f, LOOK_PASSWORD, user.id, "$2b$05$%"), 1, "hash was made again");
	ok(str_starts(seen.password_hash, "$2b$05$"), "and handed out");
	is_int(login(user.email, PASSWORD), ERR_NONE, "and matches");
	is_int(login(user.email, WRONG), ERR_AUTH_INVALID, "nothing else does");
	f.conf.bcrypt_cost = 4;
}

/* Set by hand or by an import: bcrypt would work for a day. */
static void test_costly_hash(void)
{
	static const char *const hashes[] = {
		"$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"$2b$16$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
	};
	struct user user = make_user(&f, NULL);

	for (int i = 0; i < 2; i++) {
		struct audit_event event = op_audit(&f.op, AUDIT_PASSWORD_CHANGED, user.id);

		if (!store_user_password(f.db, &(struct password_write){
			.scope = EVERY, .user_id = user.id, .new_hash = hashes[i], .now = T0,
			.event = &event }, &err))
			bail_out("store a hash", &err);
		start(T0);
		hashed = 0;
		hashed_work = 0;
		is_int(login(user.email, "U*U"), ERR_AUTH_INVALID, hashes[i]);
		is_str(err.message, "Invalid email or password", "a wrong password as any other");
		is_int(hashed, 1, "one bcrypt");
		is_int(hashed_work, 1 << 4, "of the cost that is set");
	}
}

/* --- what happens while the password is hashed ------------------------------ */

static void change_password(void *user)
{
	if (!op_password_set(&f.op, EVERY, ((struct user *)user)->id, WRONG, &err))
		bail_out("password", &err);
}

static void suspend(void *user)
{
	struct user u;

	if (!op_user_suspend(&f.op, EVERY, ((struct user *)user)->id, NULL, &u, &err))
		bail_out("suspend", &err);
}

static void hashed_while(void (*change)(void *user), struct user *user)
{
	worst(WORST_PASSWORD_VERIFY, (struct moment){ .before = change, .arg = user });
}

static void test_meanwhile(void)
{
	struct user user = make_user(&f, NULL);

	start(T0);
	hashed_while(change_password, &user);
	is_int(login(user.email, PASSWORD), ERR_UNAVAILABLE, "password changed while it is hashed");
	is_int(err.retry_after, 1, "try again");
	is_int(login(user.email, PASSWORD), ERR_AUTH_INVALID, "the old one is wrong");
	is_int(login(user.email, WRONG), ERR_NONE, "the new one is right");
	ok(op_password_set(&f.op, EVERY, user.id, PASSWORD, &err), "set it back; ends the sessions");
	hashed_while(suspend, &user);
	is_int(login(user.email, PASSWORD), ERR_UNAVAILABLE, "suspended while it is hashed");
	is_int(login(user.email, PASSWORD), ERR_FORBIDDEN, "suspended");
	is_int(look(&f, LOOK_SESSIONS, user.id, NULL), 0, "no session");
}

/* A wrong password of another client, while a login of ours goes on. */
static void guess(const char *addr, const char *email, int64_t now)
{
	struct session_tokens t;
	struct op op = f.op;
	struct user u;
	struct err e;

	op.client.remote_addr = addr;
	op.now = now;
	if (op_login(&op, &(struct login_in){ email, WRONG }, &t, &u, &e) || e.kind != ERR_AUTH_INVALID)
		bail_out("guess", &e);
}

static void guess_in_next_hour(void *user)
{
	guess(network(100), ((struct user *)user)->email, T0 + 3600 * SECOND_MS);
}

/* What is taken back belongs to the hour in which it was counted. */
static void test_next_hour(void)
{
	struct user user = make_user(&f, NULL);

	start(T0);
	hashed_while(guess_in_next_hour, &user);
	is_int(login(user.email, PASSWORD), ERR_NONE, "the next hour's first guess comes during a login");
	start(T0 + 3600 * SECOND_MS);
	for (int i = 1; i < 30; i++)
		guess(network(100 + i), user.email, f.op.now);
	is_int(login_from(network(200), user.email, PASSWORD), ERR_RATE, "which takes nothing from that hour's 30");
}

/* --- the permit -------------------------------------------------------------- */

static struct scoreboard *permits;

static void with_permits(void)
{
	permits = scoreboard_new(2, &err);
	f.process.scoreboard = permits;
	f.process.slot = &permits->slots[0];
}

static void without_permits(void)
{
	f.process.scoreboard = NULL;
	f.process.slot = NULL;
	scoreboard_free(&permits);
}

static int64_t held(void)
{
	return atomic_load(&permits->slots[0].hashing);
}

static void other_ends(void *arg)
{
	(void)arg;
	hashing_end(&permits->slots[1]);
}

static void test_busy(void)
{
	struct user user = make_user(&f, NULL);

	start(T0);
	with_permits();
	ok(hashing_begin(permits, &permits->slots[1]), "another worker holds the only permit");
	is_int(login(user.email, WRONG), ERR_RATE, "no permit: refused");
	is_str(err.reason, "busy", "reason");
	is_int(err.retry_after, 1, "come back in 1 s");
	is_int(held(), 0, "nothing is held by who was refused");
	worst(WORST_NANOSLEEP, (struct moment){ .before = other_ends });
	clock_stop();   /* not before the refusal above, which comes by time alone */
	is_int(login(user.email, WRONG), ERR_AUTH_INVALID, "the other ends: it waited for that");
	for (int i = 1; i < 5; i++)
		is_int(login(user.email, WRONG), ERR_AUTH_INVALID, "the refused one was not counted");
	f.op.now += SECOND_MS;
	is_int(login(user.email, PASSWORD), ERR_NONE, "and a permit is there");
	without_permits();
}

static void guess_five_times(void *user)
{
	for (int i = 0; i < 5; i++)
		guess(f.op.client.remote_addr, ((struct user *)user)->email, f.op.now);
}

/* Every way out of the part that holds it. */
static void test_permit_given_back(void)
{
	struct user user = make_user(&f, NULL), stale = make_user(&f, NULL), guessed = make_user(&f, NULL);

	start(T0);
	with_permits();
	is_int(login(user.email, PASSWORD), ERR_NONE, "a login");
	is_int(held(), 0, "gives the permit back");
	is_int(login(user.email, WRONG), ERR_AUTH_INVALID, "a wrong password");
	is_int(held(), 0, "gives it back");
	worst(WORST_DB_TRANSACTION, (struct moment){ .answer = ANSWER_REFUSED });
	is_int(login(user.email, PASSWORD), ERR_UNAVAILABLE, "an attempt that cannot be counted");
	is_int(held(), 0, "gives it back");
	worst(WORST_DB_TRANSACTION, (struct moment){ .before = guess_five_times, .arg = &guessed });
	is_int(login(guessed.email, PASSWORD), ERR_RATE, "five guesses of others between looking and counting");
	is_int(held(), 0, "give it back");
	f.conf.bcrypt_cost = 5;
	worst(WORST_PASSWORD_HASH, (struct moment){ .answer = ANSWER_REFUSED });
	is_int(login(stale.email, PASSWORD), ERR_UNAVAILABLE, "a new hash that cannot be made");
	is_int(held(), 0, "gives it back");
	f.conf.bcrypt_cost = 4;
	worst(WORST_PASSWORD_HASH, (struct moment){ .answer = ANSWER_REFUSED });
	ok(!op_password_set(&f.op, EVERY, user.id, PASSWORD, &err), "a new password that cannot be hashed");
	is_int(held(), 0, "gives it back");
	without_permits();
}

int main(void)
{
	fixture_open(&f);
	test_success();
	test_same_refusal();
	test_inactive();
	test_stale_hash();
	test_costly_hash();
	test_meanwhile();
	test_next_hour();
	test_busy();
	test_permit_given_back();
	fixture_close(&f);
	return tap_done();
}
