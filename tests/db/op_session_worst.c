/*
 * Sessions at the worst moment: the session or its owner changes after both were
 * read; a sweep that waits for what lives on.
 */
#include "config.h"

#include "behind.h"
#include "session_op.h"
#include "store/session.h"

static void suspend(void *arg)
{
	struct user u;
	struct err e;

	(void)arg;
	if (!op_user_suspend(&f.op, EVERY, user.id, NULL, &u, &e))
		bail_out("suspend", &e);
}

static void log_out(void *arg)
{
	const struct session_tokens *t = arg;
	struct op op = f.op;
	struct err e;

	op.actor.user_id = user.id;
	if (!op_session_end(&op, scope_own(&op), t->session_id, &e))
		bail_out("end", &e);
}

static void refresh_too(void *arg)
{
	const struct session_tokens *t = arg;
	struct session_tokens other;
	struct user u;
	struct err e;

	if (!op_session_refresh(&f.op, t->refresh_token, NULL, &other, &u, &e))
		bail_out("refresh", &e);
}

/* A good token, and one whose successor is unused. */
static void test_owner_suspended_meanwhile(void)
{
	for (int spent = 0; spent < 2; spent++) {
		struct session_tokens first;

		begin();
		first = now_good;
		if (spent)
			is_int(refresh(first.refresh_token), ERR_NONE, "refreshed once");
		worst(WORST_DB_TRANSACTION, (struct moment){ .before = suspend });
		is_int(refresh(first.refresh_token), ERR_AUTH_INVALID, "the owner is suspended meanwhile");
		is_int(look(&f, LOOK_AUDIT, "TokenRefreshed", first.session_id), spent, "no pair is given out");
	}
}

static void test_session_changed_meanwhile(void)
{
	struct session_tokens first;

	begin();
	first = now_good;
	worst(WORST_DB_TRANSACTION, (struct moment){ .before = log_out, .arg = &first });
	is_int(refresh(first.refresh_token), ERR_AUTH_INVALID, "logged out meanwhile");
	is_int(look(&f, LOOK_AUDIT, "TokenRefreshed", first.session_id), 0, "no pair is given out");
	begin();
	first = now_good;
	worst(WORST_DB_TRANSACTION, (struct moment){ .before = refresh_too, .arg = &first });
	is_int(refresh(first.refresh_token), ERR_NONE, "refreshed by another process meanwhile: both get a pair");
	is_int(check(now_good.access_token), ERR_NONE, "the later one is good");
	is_int(sessions(), 1, "and the session lives");
	worst(WORST_DB_TRANSACTION, (struct moment){ .before = suspend });
	ok(!op_session_create(&f.op, &user, &first, &err) && err.kind == ERR_UNAVAILABLE,
	   "no session begins for an owner suspended meanwhile");
	is_int(sessions(), 1, "none is there");
}

/* The statements ask again when the session ends, though its reader has. */
static void test_ended_meanwhile(void)
{
	char session[UUID_TEXT], family[33], family_hash[SHA256_HEX], presented[SHA256_HEX];
	struct session_rotation r = {
		.id = session, .family_hash = family_hash, .presented_hash = presented,
		.seed = "s", .access_hash = "a", .refresh_hash = "r", .now = T0 + 30 * DAY_MS,
		.previous_until = T0 + 31 * DAY_MS, .spent_since = T0,
		.access_expires_at = T0 + 60 * DAY_MS, .expires_at = T0 + 60 * DAY_MS,
	};

	for (int spent = 0; spent < 2; spent++) {
		struct audit_event event;
		struct session_tokens first;

		begin();
		first = now_good;
		if (spent)
			is_int(refresh(first.refresh_token), ERR_NONE, "refreshed once");
		event = op_audit(&f.op, AUDIT_TOKEN_REFRESHED, first.session_id);
		token_refresh_parse(first.refresh_token, session, family);
		sha256_hex(family, 32, family_hash);
		token_hash(first.refresh_token, presented);
		ok(!store_session_rotate(f.db, &event, &r, &err) && err.kind == ERR_NOT_FOUND,
		   "a session that has ended is not rotated");
		ok(!store_session_given(f.db, &r, f.arena, &(struct session_given){ 0 }, &err) &&
		   err.kind == ERR_NOT_FOUND, "and gives no pair again");
	}
}

static void refresh_last(void *arg)
{
	const struct session_tokens *t = arg;

	is_int(refresh(t->refresh_token), ERR_NONE, "refreshed in its last millisecond");
}

static void guess_again(void *arg)
{
	struct session_tokens t;
	struct user u;

	(void)arg;
	ok(!op_login(&f.op, &(struct login_in){ user.email, WRONG }, &t, &u, &err), "a failed login");
}

static int sweep_later(struct fixture *child, int index, void *arg)
{
	int64_t n;

	(void)index;
	(void)arg;
	child->op.now += SECOND_MS;
	return op_session_sweep(&child->op, &n, &err) ? (int)n : -2;
}

/* What lives on since the sweep began is not swept. */
static void test_sweep_behind(void)
{
	struct session_tokens first;
	int64_t n;

	f.op.now = T0 + 200 * DAY_MS;
	f.op.actor = (struct actor){ .role = ROLE_SUPER_ADMIN, .source = "test" };
	ok(op_session_sweep(&f.op, &n, &err), "nothing is left to sweep");
	user = make_user(&f, NULL);
	if (!op_session_create(&f.op, &user, &first, &err))
		bail_out("start", &err);
	f.op.now += 30 * DAY_MS - 1;
	is_int(behind(&f, refresh_last, sweep_later, &first), 0, "a sweep waits for it, and drops nothing");
	is_int(sessions(), 1, "the session lives");
	is_int(refresh(now_good.refresh_token), ERR_NONE, "and goes on");
	guess_again(NULL);
	f.op.now += DAY_MS - 1;
	is_int(behind(&f, guess_again, sweep_later, NULL), 0, "nor does one drop failures that are counted meanwhile");
}

int main(void)
{
	fixture_open(&f);
	test_owner_suspended_meanwhile();
	test_session_changed_meanwhile();
	test_ended_meanwhile();
	test_sweep_behind();
	fixture_close(&f);
	return tap_done();
}
