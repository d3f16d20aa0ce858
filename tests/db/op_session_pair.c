/*
 * Pairs of tokens: parallel refreshes of one token, what a lost reply costs, and
 * how long the access token from before is good; on the backend given.
 */
#include "config.h"

#include "session_op.h"

/* --- the same pair again ------------------------------------------------------- */

static bool is_pair(const struct session_tokens *a, const struct session_tokens *b)
{
	return str_eq(a->access_token, b->access_token) &&
	       str_eq(a->refresh_token, b->refresh_token) && a->expires_at == b->expires_at;
}

/* The reply was lost: the client still has the spent token. */
static void test_lost_reply(void)
{
	struct session_tokens first, second;

	begin();
	first = now_good;
	is_int(refresh(first.refresh_token), ERR_NONE, "refreshed");
	second = now_good;
	is_int(second.expires_in, 3600, "for an hour");
	f.op.now += 6500;
	is_int(refresh(first.refresh_token), ERR_NONE, "spent 6.5 s ago");
	ok(is_pair(&now_good, &second), "the same pair");
	is_int(now_good.expires_in, 3593, "which is good for what is left");
	is_int(check(second.access_token), ERR_NONE, "and works");
	f.op.now += 3500;
	is_int(refresh(first.refresh_token), ERR_NONE, "10 s after it was spent: still");
	is_int(look(&f, LOOK_AUDIT, "TokenRefreshed", first.session_id), 3, "each is on record");
	f.op.now += 1;
	is_int(refresh(first.refresh_token), ERR_AUTH_INVALID, "10.001 s: too late");
	is_str(err.reason, "reused", "reason");
	is_int(check(second.access_token), ERR_AUTH_INVALID, "and the session has ended");
	is_int(check(first.access_token), ERR_AUTH_INVALID, "with both access tokens");
	is_int(sessions(), 0, "it is gone");
	is_int(look(&f, LOOK_AUDIT, "SecurityPolicyViolation", first.session_id), 1, "audit event");
}

/* Less than the grace. */
static void test_short_access(void)
{
	struct session_tokens first;

	begin();
	first = now_good;
	f.conf.access_token_ttl = 5;
	refresh(first.refresh_token);
	f.op.now += 5001;
	is_int(refresh(first.refresh_token), ERR_NONE, "a pair whose access token is over");
	is_int(now_good.expires_in, 0, "says so");
	is_int(refresh(now_good.refresh_token), ERR_NONE, "and refreshes");
	is_int(now_good.expires_in, 5, "to a whole one");
	f.conf.access_token_ttl = 3600;
}

/* Each says by its pair what it was given; at once, so that only the row joins them. */
struct share {
	int pipe[2];
	const char *token;
};

static int refresh_once(struct fixture *child, int index, void *arg)
{
	const struct share *s = arg;
	struct session_tokens t;
	struct credential c;
	struct user u;
	struct err e;

	(void)index;
	if (!op_session_refresh(&child->op, s->token, NULL, &t, &u, &e))
		return 2;
	if (!session_good(&child->op, t.access_token, &c, &e))
		return 3;
	return write(s->pipe[1], t.refresh_token, strlen(t.refresh_token) + 1) > 0 ? 1 : 4;
}

/* How many of n others than the first one were written; *first = that one. */
static int others(const struct share *s, int n, char first[TOKEN_TEXT])
{
	char token[TOKEN_TEXT];
	int differ = 0;

	for (int i = 0; i < n; i++) {
		size_t len = 0;

		while (read(s->pipe[0], token + len, 1) == 1 && token[len] != '\0' && len < sizeof(token) - 1)
			len++;
		token[len] = '\0';
		if (i == 0)
			memcpy(first, token, sizeof(token));
		differ += !str_eq(token, first);
	}
	return differ;
}

static void refresh_at_once(int n)
{
	struct share s;
	int counts[OUTCOMES];
	char token[TOKEN_TEXT] = "";

	begin();
	s.token = now_good.refresh_token;
	if (pipe(s.pipe) != 0)
		exit(99);
	at_once(&f, n, refresh_once, &s, counts);
	ok(counts[1] == n, "%d refresh the same token at once: %d get a good pair", n, counts[1]);
	is_int(others(&s, counts[1], token), 0, "which is one and the same");
	close(s.pipe[0]);
	close(s.pipe[1]);
	is_int(look(&f, LOOK_AUDIT, "TokenRefreshed", now_good.session_id), n, "each is on record");
	is_int(sessions(), 1, "one session");
	is_int(refresh(token), ERR_NONE, "the pair refreshes");
	is_int(check(now_good.access_token), ERR_NONE, "to a good one");
	is_int(refresh(s.token), ERR_AUTH_INVALID, "then the spent token, within the ten seconds");
	is_int(sessions(), 0, "ends the session: a straggler beyond the successor's successor");
}

static int refresh_late(struct fixture *child, int index, void *arg)
{
	child->op.now += 11 * SECOND_MS;
	return refresh_once(child, index, arg);
}

static void test_late_at_once(void)
{
	struct share s = { { -1, -1 }, NULL };
	int counts[OUTCOMES];

	begin();
	s.token = now_good.refresh_token;
	refresh(s.token);
	at_once(&f, 4, refresh_late, &s, counts);
	is_int(counts[2], 4, "four too late, at once: all are refused");
	is_int(look(&f, LOOK_AUDIT, "SecurityPolicyViolation", now_good.session_id), 1,
	       "one of them ended the session");
}

/* --- what a pair is made of ------------------------------------------------------- */

static void test_without_key(void)
{
	struct session_tokens first;
	struct master_subkeys other;

	begin();
	first = now_good;
	f.process.pair_keys = NULL;
	is_int(refresh(first.refresh_token), ERR_INTERNAL, "a process without the key makes no pair");
	is_int(check(first.access_token), ERR_NONE, "and checks all the same");
	f.process.pair_keys = &f.pair_keys;
	is_int(refresh(first.refresh_token), ERR_NONE, "which spent nothing");
	master_subkeys_derive((const unsigned char *)"a master key that is another one", NULL, SUBKEY_SESSION_PAIR, &other);
	f.process.pair_keys = &other;
	is_int(refresh(first.refresh_token), ERR_AUTH_INVALID, "the seed in the row makes no pair with another key");
	is_str(err.reason, "spent", "reason");
	is_int(look(&f, LOOK_AUDIT, "TokenRefreshed", first.session_id), 1, "none is on record");
	is_int(sessions(), 1, "the session goes on");
	f.op.now += 10001;
	is_int(refresh(now_good.refresh_token), ERR_NONE, "and its good token with the other key");
	f.process.pair_keys = &f.pair_keys;
}

/* While the master key is changed, a host has two: each pair is made by the one that the
 * database names, and given again by either. */
static void test_two_masters(void)
{
	static const unsigned char *const old = (const unsigned char *)FIXTURE_MASTER,
		*const next = (const unsigned char *)"a master key that is another one";
	struct session_tokens first, second;
	struct master_subkeys both;

	begin();
	first = now_good;
	is_int(refresh(first.refresh_token), ERR_NONE, "a pair by the key before");
	second = now_good;
	master_subkeys_derive(next, old, SUBKEY_SESSION_PAIR, &both);
	f.process.pair_keys = &both;
	is_int(refresh(first.refresh_token), ERR_NONE, "is given again by a host with both");
	is_str(now_good.access_token, second.access_token, "the same one");
	master_subkeys_derive(next, NULL, SUBKEY_SESSION_PAIR, &both);
	is_int(refresh(first.refresh_token), ERR_AUTH_INVALID, "not by one that has the new key alone");
	is_str(err.reason, "spent", "reason");
	f.process.pair_keys = &f.pair_keys;
}

/* As an older program leaves it. */
static void test_without_seed(void)
{
	struct session_tokens first, second;

	begin();
	first = now_good;
	refresh(first.refresh_token);
	second = now_good;
	by_hand(&f, LOOK_FORGET_SEED, first.session_id, NULL);
	is_int(refresh(first.refresh_token), ERR_AUTH_INVALID, "no seed, no pair");
	is_str(err.reason, "spent", "reason");
	is_int(check(second.access_token), ERR_NONE, "the session goes on");
	is_int(refresh(second.refresh_token), ERR_NONE, "with its good token");
}

static void test_restored(void)
{
	struct session_tokens first, second;

	begin();
	first = now_good;
	refresh(first.refresh_token);
	second = now_good;
	by_hand(&f, LOOK_RESTORE, first.session_id, NULL);
	is_int(check(second.access_token), ERR_AUTH_INVALID, "restored from before the refresh");
	is_int(refresh(first.refresh_token), ERR_NONE, "refreshed again");
	ok(strcmp(now_good.access_token, second.access_token) != 0 &&
	   strcmp(now_good.refresh_token, second.refresh_token) != 0, "to other tokens");
}

/* --- the access token from before --------------------------------------------------- */

static void test_previous_access(void)
{
	struct session_tokens first, second;

	begin();
	first = now_good;
	f.op.now += 1800 * SECOND_MS;
	refresh(first.refresh_token);
	second = now_good;
	is_int(check(first.access_token), ERR_NONE, "the old access token goes on");
	is_str(actor.session_id, first.session_id, "for the same session");
	f.op.now += 60 * SECOND_MS - 1;
	is_int(check(first.access_token), ERR_NONE, "for a minute");
	f.op.now += 1;
	is_int(check(first.access_token), ERR_AUTH_EXPIRED, "and no longer");
	is_int(check(second.access_token), ERR_NONE, "the new one does");
	begin();
	first = now_good;
	f.op.now = T0 + 3590 * SECOND_MS;
	refresh(first.refresh_token);
	f.op.now += 10 * SECOND_MS - 1;
	is_int(check(first.access_token), ERR_NONE, "one that ends in ten seconds");
	f.op.now += 1;
	is_int(check(first.access_token), ERR_AUTH_EXPIRED, "is not prolonged");
}

static void test_one_previous(void)
{
	struct session_tokens first, second;

	begin();
	first = now_good;
	refresh(first.refresh_token);
	second = now_good;
	refresh(second.refresh_token);
	is_int(check(first.access_token), ERR_AUTH_INVALID, "a second refresh within the minute ends the first one's");
	is_int(check(second.access_token), ERR_NONE, "and leaves its own");
	is_int(check(now_good.access_token), ERR_NONE, "beside the new one");
	refresh(second.refresh_token);
	is_int(check(second.access_token), ERR_NONE, "a pair that is given again changes none of them");
}

static void log_out(const struct session_tokens *t)
{
	f.op.actor = (struct actor){ .source = "test", .user_id = user.id, .session_id = t->session_id };
	ok(op_session_end(&f.op, scope_own(&f.op), t->session_id, &err), "logged out");
}

static void suspend(const struct session_tokens *t)
{
	struct user u;

	(void)t;
	ok(op_user_suspend(&f.op, EVERY, user.id, NULL, &u, &err), "suspended");
}

static void change_password(const struct session_tokens *t)
{
	struct password_update_in in = { PASSWORD, "another long password" };
	struct session_tokens other;

	(void)t;
	if (!op_session_create(&f.op, &user, &other, &err))
		bail_out("start", &err);
	f.op.actor = (struct actor){ .source = "test", .user_id = user.id, .session_id = other.session_id };
	ok(op_password_update(&f.op, scope_own(&f.op), &in, &err), "the password is changed in another session");
}

static void test_both_end(void)
{
	static const struct {
		void (*end)(const struct session_tokens *t);
		enum err_kind kind;
	} rows[] = {
		{ log_out, ERR_AUTH_INVALID }, { suspend, ERR_FORBIDDEN }, { change_password, ERR_AUTH_INVALID },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct session_tokens first;

		begin();
		first = now_good;
		refresh(first.refresh_token);
		rows[i].end(&now_good);
		is_int(check(first.access_token), rows[i].kind, "the old access token ends");
		is_int(check(now_good.access_token), rows[i].kind, "with the new one");
		is_int(refresh(first.refresh_token), rows[i].kind, "and no pair is given again");
	}
}

/* In the session that asks, what was given before is not good either. */
static void test_own_password(void)
{
	struct password_update_in in = { PASSWORD, "another long password" };
	struct session_tokens first, second;

	begin();
	first = now_good;
	refresh(first.refresh_token);
	second = now_good;
	f.op.actor = (struct actor){ .source = "test", .user_id = user.id, .session_id = first.session_id };
	ok(op_password_update(&f.op, scope_own(&f.op), &in, &err), "the password is changed");
	is_int(check(first.access_token), ERR_AUTH_INVALID, "the access token from before ends");
	is_int(check(second.access_token), ERR_NONE, "the present one does not");
	is_int(refresh(first.refresh_token), ERR_AUTH_INVALID, "the spent token gives no pair");
	is_str(err.reason, "spent", "reason");
	is_int(refresh(second.refresh_token), ERR_NONE, "and has not ended the session");
}

int main(void)
{
	fixture_open(&f);
	test_lost_reply();
	test_short_access();
	refresh_at_once(2);
	refresh_at_once(16);
	test_late_at_once();
	test_without_key();
	test_two_masters();
	test_without_seed();
	test_restored();
	test_previous_access();
	test_one_previous();
	test_both_end();
	test_own_password();
	fixture_close(&f);
	return tap_done();
}
