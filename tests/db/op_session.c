/*
 * Sessions: check, refresh with its rule for spent tokens, list, end, sweep;
 * on the backend given. Time is op.now.
 */
#include "config.h"

#include "session_op.h"
#include "store/session.h"

/* --- check ------------------------------------------------------------------ */

static void test_check(void)
{
	begin();
	is_int(check(now_good.access_token), ERR_NONE, "a fresh access token");
	is_str(actor.user_id, user.id, "actor");
	is_str(actor.session_id, now_good.session_id, "its session");
	is_str(actor.source, "test", "the door stays");
	ok(actor.role == ROLE_USER && str_eq(actor.tenant_id, user.id), "no admin, in his personal tenant");
	is_str(seen.email, user.email, "the user comes with it");
	is_str(seen.tier, "starter", "and the tier");
	ok(!seen.password_hash, "without the password hash");
	is_int(check("pat_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), ERR_AUTH_INVALID, "unknown");
	is_str(err.reason, "unknown", "reason");
	is_int(check(""), ERR_AUTH_INVALID, "empty");
	is_int(check(now_good.refresh_token), ERR_AUTH_INVALID, "a refresh token is none");
	f.op.now = T0 + 3600 * SECOND_MS - 1;
	is_int(check(now_good.access_token), ERR_NONE, "its last millisecond");
	f.op.now += 1;
	is_int(check(now_good.access_token), ERR_AUTH_EXPIRED, "then expired");
	is_str(err.reason, "expired", "reason");
}

static int suspend_it(struct fixture *child, int index, void *arg)
{
	struct user u;
	struct err e;

	(void)index;
	return op_user_suspend(&child->op, EVERY, arg, NULL, &u, &e) ? 1 : 2;
}

static void test_suspended(void)
{
	struct session_tokens before;
	int counts[OUTCOMES];

	begin();
	before = now_good;
	at_once(&f, 1, suspend_it, (void *)(uintptr_t)user.id, counts);
	is_int(counts[1], 1, "another process suspends the user");
	is_int(check(before.access_token), ERR_FORBIDDEN, "the next check refuses");
	is_str(err.reason, "suspended", "reason");
	is_int(refresh(before.refresh_token), ERR_FORBIDDEN, "so does refresh");
	is_str(err.reason, "suspended", "reason");
	ok(op_user_approve(&f.op, EVERY, user.id, &(struct user_approve_in){ 0 }, &seen,
			   &(struct tenant){ 0 }, &err), "approved again");
	is_int(check(before.access_token), ERR_AUTH_INVALID, "sessions from before have ended");
	is_int(refresh(before.refresh_token), ERR_AUTH_INVALID, "for refresh too");
}

static void test_start(void)
{
	struct user pending;

	begin();
	ok(op_session_create(&f.op, &user, &now_good, &err), "start without a password");
	is_int(check(now_good.access_token), ERR_NONE, "is a session");
	if (!op_user_register(&f.op, &(struct user){
		.email = "start@example.org", .password = PASSWORD }, &pending, &err))
		bail_out("register", &err);
	ok(!op_session_create(&f.op, &pending, &now_good, &err), "not for a pending user");
	is_int(err.kind, ERR_FORBIDDEN, "kind");
}

/* --- refresh ---------------------------------------------------------------- */

static void test_rotate(void)
{
	struct session_tokens first, second;

	begin();
	first = now_good;
	f.op.now += 1800 * SECOND_MS;
	is_int(refresh(first.refresh_token), ERR_NONE, "refresh");
	second = now_good;
	is_str(second.session_id, first.session_id, "the same session");
	is_str(seen.id, user.id, "its user");
	is_int(second.expires_at, f.op.now + 3600 * SECOND_MS, "a new hour");
	ok(strcmp(first.access_token, second.access_token) != 0, "a new access token");
	is_int(check(second.access_token), ERR_NONE, "which works");
	is_int(check(first.access_token), ERR_NONE, "so does the one before, for a while");
	is_int(look(&f, LOOK_AUDIT, "TokenRefreshed", first.session_id), 1, "audit event");
	for (int i = 0; i < 40; i++) {
		f.op.now += DAY_MS;
		refresh(now_good.refresh_token);
	}
	is_int(err.kind, ERR_NONE, "40 days of daily refreshing");
	is_int(sessions(), 1, "one session");
}

static void test_successor_used(void)
{
	struct session_tokens first, second;

	begin();
	first = now_good;
	refresh(first.refresh_token);
	second = now_good;
	refresh(second.refresh_token);
	is_int(check(now_good.access_token), ERR_NONE, "refreshed twice");
	f.op.now += 1;
	is_int(refresh(first.refresh_token), ERR_AUTH_INVALID,
	       "the first, within 10 s but its successor was used");
	is_int(check(now_good.access_token), ERR_AUTH_INVALID, "ends the session");
	is_int(refresh(now_good.refresh_token), ERR_AUTH_INVALID, "for the good token too");
	is_str(err.reason, "unknown", "reason");
}

/* Of two that present tokens at once one may find that its own is good again. */
static void test_reused_peek(void)
{
	char session[UUID_TEXT], family[33], family_hash[SHA256_HEX], presented[SHA256_HEX];
	struct audit_event event = op_audit(&f.op, AUDIT_TOKEN_REUSED, now_good.session_id);

	token_refresh_parse(now_good.refresh_token, session, family);
	sha256_hex(family, 32, family_hash);
	token_hash(now_good.refresh_token, presented);
	ok(!store_session_reused(f.db, &event, &(struct session_rotation){ .id = session,
		.family_hash = family_hash, .presented_hash = presented }, &err) &&
	   err.kind == ERR_NOT_FOUND, "the good token never ends its session");
}

static void test_foreign(void)
{
	char family[33] = "", session[UUID_TEXT], forged[TOKEN_TEXT], hash[SHA256_HEX];
	struct session_tokens other;
	static const char *const garbage[] = {
		"", "x", "prt_", "prt_%%%%", "pat_AAAA",
		"prt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	};

	begin();
	token_refresh_generate(now_good.session_id, family, forged, hash);
	is_int(refresh(forged), ERR_AUTH_INVALID, "the right session, a wrong family");
	is_str(err.reason, "unknown", "reason");
	is_int(sessions(), 1, "does nothing");
	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++)
		is_int(refresh(garbage[i]), ERR_AUTH_INVALID, garbage[i]);
	ok(!op_session_refresh(&f.op, now_good.refresh_token, now_good.session_id, &other,
			       &seen, &err), "a refresh that names another user");
	is_int(err.kind, ERR_AUTH_INVALID, "kind");
	is_int(refresh(now_good.refresh_token), ERR_NONE, "spends nothing");
	begin();
	test_reused_peek();
	if (!token_refresh_parse(now_good.refresh_token, session, family))
		bail_out("parse", &err);
	token_refresh_generate(now_good.session_id, family, forged, hash);
	is_int(refresh(forged), ERR_AUTH_INVALID, "the right family, but never given out");
	is_int(sessions(), 0, "ends the session: its family secret has leaked");
}

static void test_expired(void)
{
	struct session_tokens first;

	begin();
	first = now_good;
	f.op.now = T0 + 30 * DAY_MS - 1;
	is_int(check(first.access_token), ERR_AUTH_EXPIRED, "access is over");
	f.op.now += 1;
	is_int(refresh(first.refresh_token), ERR_AUTH_EXPIRED, "so is the session after 30 days");
	is_str(err.reason, "expired", "reason");
}

/* --- list, end, sweep ------------------------------------------------------- */

static void act_as(const char *access_token)
{
	if (check(access_token) != ERR_NONE)
		bail_out("check", &err);
	f.op.actor = actor;
}

static void test_list_and_end(void)
{
	struct session_tokens mine, other, foreign;
	const struct session *s;
	struct field_list list;

	begin();
	foreign = now_good;
	begin();
	other = now_good;
	f.op.now += 1000;
	f.op.client.remote_addr = "2001:DB8::1";
	f.op.client.user_agent = "curl/7";
	if (!op_login(&f.op, &(struct login_in){ user.email, PASSWORD }, &mine, &seen, &err))
		bail_out("login", &err);
	f.op.client.remote_addr = "192.0.2.1";
	f.op.client.user_agent = NULL;
	act_as(mine.access_token);
	ok(op_session_list(&f.op, scope_own(&f.op), &list, &err), "list");
	is_int((int64_t)list.n, 2, "two sessions");
	s = list.items;
	is_str(s[0].id, mine.session_id, "newest first");
	ok(s[0].current && !s[1].current, "the one that asks is marked");
	is_str(s[0].remote_addr, "2001:db8::1", "address in one form");
	is_str(s[0].user_agent, "curl/7", "what the client called itself");
	is_int(s[1].created_at, T0, "when it began");
	ok(!op_session_end(&f.op, scope_own(&f.op), foreign.session_id, &err), "another user's session");
	is_int(err.kind, ERR_NOT_FOUND, "is not found");
	ok(!op_session_end(&f.op, scope_own(&f.op), "nonsense", &err) && err.kind == ERR_NOT_FOUND, "nor is nonsense");
	is_int(check(foreign.access_token), ERR_NONE, "it goes on");
	ok(op_session_end(&f.op, scope_own(&f.op), other.session_id, &err), "end the other");
	is_int(check(other.access_token), ERR_AUTH_INVALID, "it has ended");
	is_int(look(&f, LOOK_AUDIT, "SessionEnded", other.session_id), 1, "audit event");
	ok(op_session_end(&f.op, scope_own(&f.op), f.op.actor.session_id, &err), "log out");
	is_int(look(&f, LOOK_AUDIT, "UserLogout", mine.session_id), 1, "audit event");
	is_int(refresh(mine.refresh_token), ERR_AUTH_INVALID, "no refresh after it");
	ok(!op_session_end(&f.op, scope_own(&f.op), mine.session_id, &err), "no second logout");
}

static void test_sweep(void)
{
	int64_t n;

	begin();
	f.op.actor = (struct actor){ .role = ROLE_SUPER_ADMIN, .source = "test" };
	f.conf.refresh_token_ttl = 60;
	for (int i = 0; i < 501; i++)
		if (!op_session_create(&f.op, &user, &now_good, &err))
			bail_out("start", &err);
	f.conf.refresh_token_ttl = 30 * 86400;
	op_login(&f.op, &(struct login_in){ "swept@example.org", WRONG }, &now_good, &seen, &err);
	f.op.now += 60 * SECOND_MS;
	ok(op_session_sweep(&f.op, &n, &err), "sweep");
	is_int(n, 501, "501 expired sessions, in two pages");
	is_int(sessions(), 1, "the live one stays");
	ok(op_session_sweep(&f.op, &n, &err) && n == 0, "again: nothing to drop");
	f.op.now = T0 + DAY_MS;
	ok(op_session_sweep(&f.op, &n, &err), "a day later");
	ok(n > 0, "idle failures go (%lld)", (long long)n);
	for (int i = 0; i < 4; i++)
		op_login(&f.op, &(struct login_in){ user.email, WRONG }, &now_good, &seen, &err);
	f.op.now += 26 * DAY_MS;
	ok(op_session_sweep(&f.op, &n, &err), "26 days later");
	for (int i = 0; i < 10; i++)
		op_login(&f.op, &(struct login_in){ user.email, WRONG }, &now_good, &seen, &err);
	f.op.now += 100 * SECOND_MS;
	for (int i = 0; i < 15; i++) {
		f.op.now += 61 * SECOND_MS;
		op_login(&f.op, &(struct login_in){ user.email, WRONG }, &now_good, &seen, &err);
		op_login(&f.op, &(struct login_in){ user.email, WRONG }, &now_good, &seen, &err);
	}
	is_int(err.retry_after, 60, "its network is still known: waits of 60 s at most");
	f.op.now += 91 * DAY_MS;
	ok(op_session_sweep(&f.op, &n, &err), "91 days later");
	is_int(sessions(), 0, "all sessions have gone");
}

int main(void)
{
	fixture_open(&f);
	test_check();
	test_suspended();
	test_start();
	test_rotate();
	test_successor_used();
	test_foreign();
	test_expired();
	test_list_and_end();
	test_sweep();
	fixture_close(&f);
	return tap_done();
}
