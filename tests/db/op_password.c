/*
 * tests/db/op_password.c - changing a password, and guessing the current one,
 * on the backend of TEST_DATABASE_URL.
 */
#include "config.h"

#include "auth/password.h"
#include "op/session.h"
#include "op_account.h"

#define OTHER_PASSWORD "another long password"

static void add_session(const struct user *user, const char **id_r)
{
	struct session_tokens tokens = { 0 };

	done(op_session_start(&f.op, user, &tokens, &err), "a session");
	*id_r = tokens.session_id;
}

static void test_password(void)
{
	struct password_change_in in = { "wrong password!", OTHER_PASSWORD };
	const char *mine, *other;
	struct user u;

	ok(add("fritz@example.org", NULL, &u), "registered");
	ok(!op_password_change(&f.op, scope_own(&f.op), &in, &err) && err.kind == ERR_AUTH_REQUIRED, "nobody is logged in");
	add_session(&u, &mine);
	add_session(&u, &other);
	f.op.actor.user_id = u.id;
	f.op.actor.session_id = mine;
	ok(!op_password_change(&f.op, scope_own(&f.op), &in, &err) && err.kind == ERR_AUTH_INVALID, "wrong current one");
	is_int(look(&f, LOOK_AUDIT, "AuthenticationFailed", u.id), 1, "written down");
	in.current_password = PASSWORD;
	in.new_password = "short";
	ok(!op_password_change(&f.op, scope_own(&f.op), &in, &err) && strcmp(err.field, "new_password") == 0, "too short a new one");
	in.new_password = OTHER_PASSWORD;
	is_int(look(&f, LOOK_SESSIONS, u.id, NULL), 2, "two sessions so far");
	done(op_password_change(&f.op, scope_own(&f.op), &in, &err), "changed");
	is_int(look(&f, LOOK_SESSIONS, u.id, NULL), 1, "the other session is ended");
	ok(password_verify(OTHER_PASSWORD, reread(u.id).password_hash, 4), "the new one is stored");
	ok(!op_password_change(&f.op, scope_own(&f.op), &in, &err) && err.kind == ERR_AUTH_INVALID, "the old one is gone");
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
	struct password_change_in in = { "wrong password!", OTHER_PASSWORD };
	enum err_kind kind = ERR_NONE;
	struct user u;
	int tried;

	ok(add("gerd@example.org", NULL, &u), "registered");
	f.op.actor.user_id = u.id;
	for (tried = 0; tried < 20; tried++) {
		op_password_change(&f.op, scope_own(&f.op), &in, &err);
		kind = err.kind;
		if (kind != ERR_AUTH_INVALID)
			break;
	}
	is_int(kind, ERR_RATE, "in the end one has to wait");
	ok(tried >= 5 && err.retry_after > 0, "after 5 failures");
	in.current_password = PASSWORD;
	ok(!op_password_change(&f.op, scope_own(&f.op), &in, &err) && err.kind == ERR_RATE, "also with the right one");
	f.op.now += (int64_t)err.retry_after * SECOND_MS + SECOND_MS;
	done(op_password_change(&f.op, scope_own(&f.op), &in, &err), "and goes on then");
	f.op.actor.user_id = NULL;
}

int main(void)
{
	fixture_open(&f);
	f.conf.auto_approve_users = true;
	test_password();
	test_guessing();
	fixture_close(&f);
	return tap_done();
}
