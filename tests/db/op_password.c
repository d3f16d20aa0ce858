/*
 * tests/db/op_password.c - changing a password, and guessing the current one,
 * on the backend of TEST_DATABASE_URL.
 */
#include "config.h"

#include "auth/password.h"
#include "op/session.h"
#include "op_account.h"
#include "worst.h"

#define OTHER_PASSWORD "another long password"

static void add_session(const struct user *user, const char **id_r)
{
	struct session_tokens tokens = { 0 };

	done(op_session_create(&f.op, user, &tokens, &err), "a session");
	*id_r = tokens.session_id;
}

static void test_password(void)
{
	struct password_update_in in = { "wrong password!", OTHER_PASSWORD };
	const char *mine, *other;
	struct user u;

	ok(add("fritz@example.org", NULL, &u), "registered");
	ok(!op_password_update(&f.op, scope_own(&f.op), &in, &err) && err.kind == ERR_AUTH_REQUIRED, "nobody is logged in");
	add_session(&u, &mine);
	add_session(&u, &other);
	f.op.actor.user_id = u.id;
	f.op.actor.session_id = mine;
	ok(!op_password_update(&f.op, scope_own(&f.op), &in, &err) && err.kind == ERR_AUTH_INVALID, "wrong current one");
	is_int(look(&f, LOOK_AUDIT, "AuthenticationFailed", u.id), 1, "written down");
	in.current_password = PASSWORD;
	in.new_password = "short";
	ok(!op_password_update(&f.op, scope_own(&f.op), &in, &err) && strcmp(err.field, "new_password") == 0, "too short a new one");
	in.new_password = OTHER_PASSWORD;
	is_int(look(&f, LOOK_SESSIONS, u.id, NULL), 2, "two sessions so far");
	done(op_password_update(&f.op, scope_own(&f.op), &in, &err), "changed");
	is_int(look(&f, LOOK_SESSIONS, u.id, NULL), 1, "the other session is ended");
	ok(password_verify(OTHER_PASSWORD, reread(u.id).password_hash, 4), "the new one is stored");
	ok(!op_password_update(&f.op, scope_own(&f.op), &in, &err) && err.kind == ERR_AUTH_INVALID, "the old one is gone");
	f.op.actor = (struct actor){ .source = "shell" };
	ok(op_password_set(&f.op, EVERY, u.id, PASSWORD, &err), "set from the shell");
	is_int(look(&f, LOOK_SESSIONS, u.id, NULL), 0, "which ends all sessions");
	is_int(look(&f, LOOK_AUDIT, "PasswordChanged", u.id), 2, "both written down");
	ok(!op_password_set(&f.op, EVERY, NOBODY, PASSWORD, &err) && err.kind == ERR_NOT_FOUND, "unknown user");
	f.op.actor.source = "test";
}

/* Guessing the current password is slowed like a login (R19). */
static void test_guessing(void)
{
	struct password_update_in in = { "wrong password!", OTHER_PASSWORD };
	enum err_kind kind = ERR_NONE;
	struct user u;
	int tried;

	ok(add("gerd@example.org", NULL, &u), "registered");
	f.op.actor.user_id = u.id;
	for (tried = 0; tried < 20; tried++) {
		op_password_update(&f.op, scope_own(&f.op), &in, &err);
		kind = err.kind;
		if (kind != ERR_AUTH_INVALID)
			break;
	}
	is_int(kind, ERR_RATE, "in the end one has to wait");
	ok(tried >= 5 && err.retry_after > 0, "after 5 failures");
	in.current_password = PASSWORD;
	ok(!op_password_update(&f.op, scope_own(&f.op), &in, &err) && err.kind == ERR_RATE, "also with the right one");
	f.op.now += (int64_t)err.retry_after * SECOND_MS + SECOND_MS;
	done(op_password_update(&f.op, scope_own(&f.op), &in, &err), "and goes on then");
	f.op.actor.user_id = NULL;
}

/* --- at the worst moment -------------------------------------------------------- */

static const char *const third_password = "a third long password";

static void set_third(void *user)
{
	if (!op_password_set(&f.op, EVERY, ((struct user *)user)->id, third_password, &err))
		bail_out("password", &err);
}

/* A password that was changed since the current one was judged is not written over. */
static void test_changed_meanwhile(void)
{
	struct password_update_in in = { PASSWORD, OTHER_PASSWORD };
	struct user u;

	ok(add("hanna@example.org", NULL, &u), "registered");
	f.op.actor.user_id = u.id;
	worst(WORST_PASSWORD_VERIFY, (struct moment){ .before = set_third, .arg = &u });
	ok(!op_password_update(&f.op, scope_own(&f.op), &in, &err) && err.kind == ERR_CONFLICT, "changed by another meanwhile");
	ok(password_verify(third_password, reread(u.id).password_hash, 4), "that one stays");
	is_int(look(&f, LOOK_AUDIT, "PasswordChanged", u.id), 1, "and one change is written down");
	f.op.actor.user_id = NULL;
}

static void guess_five_times(void *user)
{
	struct password_update_in in = { "wrong password!", OTHER_PASSWORD };
	struct op_process process = f.process;
	struct op op = f.op;
	struct err e;

	process.slot = NULL;
	op.process = &process;
	op.actor.user_id = ((struct user *)user)->id;
	for (int i = 0; i < 5; i++)
		op_password_update(&op, scope_own(&op), &in, &e);
}

/* Every way out of the part that holds the permit. */
static void test_permit_given_back(void)
{
	static const struct {
		const char *name, *current;
		enum worst_function at;
		void (*before)(void *user);
		enum worst_answer answer;
		enum err_kind kind;
	} rows[] = {
		{ "a wrong password", "wrong password!", WORST_PASSWORD_VERIFY, NULL, ANSWER_OWN, ERR_AUTH_INVALID },
		{ "an attempt that cannot be counted", PASSWORD, WORST_DB_TRANSACTION, NULL, ANSWER_REFUSED,
		  ERR_UNAVAILABLE },
		{ "five guesses between looking and counting", PASSWORD, WORST_DB_TRANSACTION, guess_five_times,
		  ANSWER_OWN, ERR_RATE },
		{ "a hash that cannot be made", PASSWORD, WORST_PASSWORD_HASH, NULL, ANSWER_REFUSED, ERR_UNAVAILABLE },
		{ "a change", PASSWORD, WORST_PASSWORD_VERIFY, NULL, ANSWER_OWN, ERR_NONE },
	};
	struct scoreboard *permits = scoreboard_new(1, &err);
	struct user u;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct password_update_in in = { rows[i].current, OTHER_PASSWORD };

		u = make_user(&f, NULL);
		f.op.actor.user_id = u.id;
		f.process.scoreboard = permits;
		f.process.slot = &permits->slots[0];
		err = (struct err){ 0 };
		worst(rows[i].at, (struct moment){ .before = rows[i].before, .arg = &u, .answer = rows[i].answer });
		op_password_update(&f.op, scope_own(&f.op), &in, &err);
		is_int(err.kind, rows[i].kind, rows[i].name);
		is_int(atomic_load(&permits->slots[0].hashing), 0, "the permit was given back");
		f.process.scoreboard = NULL;
		f.process.slot = NULL;
	}
	f.op.actor.user_id = NULL;
	scoreboard_free(&permits);
}

int main(void)
{
	fixture_open(&f);
	f.conf.auto_approve_users = true;
	test_password();
	test_guessing();
	test_changed_meanwhile();
	test_permit_given_back();
	fixture_close(&f);
	return tap_done();
}
