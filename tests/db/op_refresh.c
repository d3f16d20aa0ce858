/*
 * tests/db/op_refresh.c - the three numbers of a connection: who may call, whose answer is
 * stored, and what makes an answer worthless; and a host that comes back a day later.
 */
#include "config.h"

#include "refresh_op.h"

static const char *access_token(void)
{
	return tokens().access_token;
}

static struct refresh_answer answered(const struct refresh_claim *r, const char *access)
{
	return rotated(r, access, NULL);
}

static void test_one_claim(void)
{
	const struct connection seen = now_is();
	struct refresh_claim first = claimed(), second;

	ok(!op_refresh_claim(&f.op, &whoop, &seen, &second, &err) && err.kind == ERR_CONFLICT, "one of two has it");
	ok(str_eq(first.tokens.refresh_token, "refresh") && str_eq(first.client_secret, "secret"), "with what it needs");
	ok(op_refresh_sent(&f.op, &first, &err), "sent");
	ok(!op_refresh_sent(&f.op, &first, &err), "once");
	is_str(now_is().state, CONNECTION_REFRESHING, "shown as refreshing");
	is_str(now_is().reason, "sent", "with the reason");
	const struct refresh_answer a = answered(&first, "a1");
	ok(written(&a), "stored");
	ok(!written(&a), "once, however often it is found");
	is_str(access_token(), "a1", "the access token");
	ok(str_eq(now_is().phase, PHASE_IDLE) && str_eq(now_is().state, CONNECTION_OK), "and the claim is over");
	is_str(now_is().reason, NULL, "nothing is left to say");
}

/* The caller was held up until its claim had ended: nothing is spent. */
static void test_late_claim(void)
{
	struct refresh_claim slow = claimed(), quick;

	by_hand(&f, LOOK_END_CLAIM, id, "");
	quick = sent();
	ok(!op_refresh_sent(&f.op, &slow, &err) && err.kind == ERR_CONFLICT, "one that is late sends nothing");
	ended(&slow, ENDED_UNSENT, REPLY_UNAVAILABLE);
	is_str(now_is().phase, PHASE_SENT, "its end changes nothing");
	const struct refresh_answer a = answered(&quick, "a2");
	ok(written(&a), "the other's answer is stored");
}

/* Host A has the answer in its spool and is away; B finds the call silent, tries at the end
 * of the access token, and is refused; A comes back a day later. */
static void test_host_returns(void)
{
	struct refresh_claim a = sent(), b;
	const struct refresh_answer left = answered(&a, "of host A");

	const struct connection found = now_is();
	if (!op_refresh_silent(&f.op, &whoop, &found, &err))
		bail_out("silent", &err);
	is_str(now_is().state, CONNECTION_UNCERTAIN, "a silent call: uncertain");
	is_str(now_is().reason, "no_answer", "  why");
	is_str(access_token(), "a2", "the old access token serves to its end");
	f.op.now += DAY_MS;
	b = sent();
	ok(op_refresh_silent(&f.op, &whoop, &found, &err) && str_eq(now_is().phase, PHASE_SENT),
	   "who has found that call silent too does not end the next one");
	for (int i = 0; i < 3; i++) {
		ended(&b, ENDED_ANSWERED, REPLY_REFUSED);
		by_hand(&f, LOOK_OTHERS_SUCCEED, b.app.id, "");
		f.op.now += 2 * 3600 * SECOND_MS;
		if (i < 2)
			b = sent();
	}
	is_str(now_is().state, CONNECTION_REAUTH, "host B was refused three times while others succeed");
	ok(written(&left), "host A stores what it has");
	is_str(now_is().state, CONNECTION_OK, "and the connection lives");
	is_str(access_token(), "of host A", "with its tokens");
	is_int(now_is().refusals, 0, "nothing is left of the refusals");
}

static void test_order(void)
{
	struct refresh_claim first = claimed(), second;
	struct refresh_answer old, young;

	by_hand(&f, LOOK_END_CLAIM, id, "");
	second = sent();
	old = answered(&first, "old");
	young = answered(&second, "young");
	ok(written(&young), "the younger answer comes first");
	ok(!written(&old), "the older one is too old");
	is_str(access_token(), "young", "the younger one stays");
	first = claimed();
	by_hand(&f, LOOK_END_CLAIM, id, "");
	second = sent();
	old = answered(&first, "old");
	ok(written(&old), "the older answer comes first, though another has claimed since");
	is_str(now_is().phase, PHASE_SENT, "whose claim goes on");
	young = answered(&second, "young");
	ok(written(&young), "and its answer is stored too");
}

static void test_outdated(void)
{
	struct refresh_claim r = sent();
	struct refresh_answer a = answered(&r, "late");
	int64_t n;

	bring("brought");
	ok(!written(&a), "tokens that were brought meanwhile stay");
	ended(&r, ENDED_SILENT, REPLY_UNAVAILABLE);
	ok(str_eq(now_is().state, CONNECTION_OK) && str_eq(access_token(), "brought"), "whatever came");
	r = claimed();
	if (!op_connection_end(&f.op, at(victim.id), "whoop", &n, &err) || n != 1)
		bail_out("disconnect", &err);
	ok(!op_refresh_sent(&f.op, &r, &err), "a connection that was ended is not called for");
	a = answered(&r, "late");
	ok(!written(&a), "nor stored");
}

/* The owner brings an access token alone: the refresh token is not his to lose. */
static void test_access_alone(void)
{
	const struct audit_event event = op_audit(&f.op, AUDIT_TOKENS_SET, NULL);
	struct refresh_claim r;
	struct refresh_answer a;
	struct connection c;

	bring("b0");
	r = sent();
	c = put("mine", NULL);
	ok(str_eq(c.phase, PHASE_SENT) && str_eq(access_token(), "mine"), "an access token during a call");
	a = rotated(&r, "b1", "refresh-1");
	ok(written(&a), "the answer to the call is stored all the same");
	is_str(tokens().refresh_token, "refresh-1", "the old refresh token is spent, and was not put back");
	c = now_is();
	r = sent();
	a = rotated(&r, "b2", "refresh-2");
	ok(written(&a), "another one, between the steps of a PUT");
	ok(!store_connection_set_access(f.db, at(victim.id), &event, &c, c.sealed_refresh, f.arena, &c, &err) &&
	   err.kind == ERR_NOT_FOUND, "which has read the one from before: %s", err.message);
	is_str(tokens().refresh_token, "refresh-2", "the newer one stays");
	put("his", NULL);
	ok(str_eq(tokens().refresh_token, "refresh-2") && str_eq(access_token(), "his"), "read anew it is set");
}

/* Whole tokens too: what they would replace is newer than what their writer has read. */
static void test_replaced_late(void)
{
	const struct audit_event event = op_audit(&f.op, AUDIT_TOKENS_SET, NULL);
	struct connection c = now_is();
	struct refresh_claim r = sent();
	const struct refresh_answer a = rotated(&r, "b4", "refresh-4");

	ok(written(&a), "an answer, between the steps of a reconnect");
	ok(!store_connection_replace(f.db, at(victim.id), &event, &c, &err) && err.kind == ERR_NOT_FOUND,
	   "which has read the row from before: %s", err.message);
	is_str(tokens().refresh_token, "refresh-4", "the newer one stays, for it to be read anew");
}

/* The answer of the call may be in the spool of another host. */
static void test_access_alone_uncertain(void)
{
	struct refresh_claim r = sent();
	const struct refresh_answer left = rotated(&r, "b3", "refresh-3");
	struct connection c = now_is();

	if (!op_refresh_silent(&f.op, &whoop, &c, &err))
		bail_out("silent", &err);
	c = now_is();
	is_int(put("hers", NULL).retry_at, c.retry_at, "beside a refresh token that may be spent: it is tried as late");
	f.op.now = c.retry_at - SECOND_MS;
	c = put("hers again", NULL);
	is_str(c.state, CONNECTION_UNCERTAIN, "which stays so");
	is_int(c.retry_at, f.op.now + 60000, "and is tried once the new access token ends");
	ok(written(&left), "the host that has the answer stores it");
	is_str(tokens().refresh_token, "refresh-3", "the refresh token lives");
	for (int i = 0; i < 3; i++) {
		r = sent();
		by_hand(&f, LOOK_OTHERS_SUCCEED, r.app.id, "");
		ended(&r, ENDED_ANSWERED, REPLY_REFUSED);
		f.op.now += 2 * 3600 * SECOND_MS;
	}
	is_str(now_is().state, CONNECTION_REAUTH, "beside one that is dead");
	c = put("last", NULL);
	ok(str_eq(c.state, CONNECTION_OK) && !c.reason && c.refusals == 0, "the access token is given out");
}

/* 100 at once. */
static void test_refused_all(void)
{
	struct provider_app app;

	bring("again");
	if (!store_refresh_degrade(f.db, now_is().app_id, f.op.now - 1, &err))
		bail_out("degrade", &err);
	for (int i = 0; i < 8; i++) {
		struct refresh_claim r = sent();

		ended(&r, ENDED_ANSWERED, REPLY_REFUSED);
	}
	ok(now_is().refusals <= 4, "%lld refusals are counted until too many are refused", (long long)now_is().refusals);
	is_str(now_is().reason, "provider_refuses", "then it is the provider");
	if (!store_provider_app_by_id(f.db, now_is().app_id, f.arena, &app, &err))
		bail_out("app", &err);
	ok(app.degraded_until > f.op.now, "for a while");
}

/* The spool of another host is stored while a call with the old token is under way. */
static void test_answer_meanwhile(void)
{
	struct refresh_claim a, b;
	struct refresh_answer left;

	bring("once more");
	a = sent();
	left = answered(&a, "meanwhile");
	const struct connection found = now_is();
	if (!op_refresh_silent(&f.op, &whoop, &found, &err))
		bail_out("silent", &err);
	for (int i = 0; i < 3; i++) {
		b = sent();
		if (i == 2)
			ok(written(&left), "the other host's answer comes during the third attempt");
		ended(&b, ENDED_ANSWERED, REPLY_REFUSED);
		by_hand(&f, LOOK_OTHERS_SUCCEED, b.app.id, "");
		f.op.now += 2 * 3600 * SECOND_MS;
	}
	is_str(now_is().state, CONNECTION_OK, "a refusal of the old token says nothing about the new one");
	is_int(now_is().refusals, 0, "and is not counted");
	is_str(now_is().phase, PHASE_IDLE, "its claim is over");
	is_str(access_token(), "meanwhile", "the new tokens stay");
}

static bool is_awaited(void)
{
	const char *const ids[] = { "01890000-0000-7000-8000-000000000000", id };
	struct strings still;

	if (!op_refresh_awaited(&f.op, (struct strings){ ids, 2 }, &still, &err))
		bail_out("awaited", &err);
	return still.n == 1 && str_eq(still.items[0], id);
}

static bool is_due(void)
{
	struct field_list all;
	const struct connection *rows;
	bool is = false;

	if (!op_refresh_find(&f.op, all_providers, false, &all, &err))
		bail_out("find", &err);
	rows = all.items;
	for (size_t i = 0; i < all.n; i++)
		is |= str_eq(rows[i].id, id);
	is_int(is_awaited(), is, "requests wait for what is due");
	return is;
}

static void want(void)
{
	if (!op_refresh_want(&f.op, id, &err))
		bail_out("want", &err);
}

/* Who else wants a refresh of it. */
static void test_wanted(void)
{
	struct refresh_claim r;
	int64_t at;

	bring("wanted");
	want();
	ok(is_due(), "what is wanted is due");
	r = sent();
	ok(is_awaited(), "requests wait for a call too");
	ended(&r, ENDED_SILENT, REPLY_UNAVAILABLE);
	at = now_is().retry_at;
	want();
	is_int(now_is().retry_at, at, "an uncertain one keeps its one attempt for its end");
	ok(!is_due(), "and has none before");
	f.op.now = at;
	r = sent();
	ended(&r, ENDED_SILENT, REPLY_UNAVAILABLE);
	is_str(now_is().state, CONNECTION_REAUTH, "two silent calls: to be connected again");
	want();
	ok(!now_is().refresh_wanted, "then nobody can want it");
	by_hand(&f, LOOK_WANT, id, "");
	ok(!is_due(), "and it takes no place among those of its provider");
}

static struct provider_app app_now(void)
{
	struct provider_app app;

	if (!store_provider_app_by_id(f.db, now_is().app_id, f.arena, &app, &err))
		bail_out("app", &err);
	return app;
}

static void test_app_broken(void)
{
	struct tokens_lent lent;
	struct refresh_claim r;

	bring("of a broken application");
	want();
	r = sent();
	ended(&r, ENDED_ANSWERED, REPLY_APP_BROKEN);
	is_str(app_now().state, APP_BROKEN, "the provider does not accept the application");
	f.op.now = now_is().expires_at + 1;
	ok(!op_connection_lend(&f.op, at(victim.id), &whoop, &lent, &err) && err.kind == ERR_CONFLICT &&
		   str_eq(err.reason, "app_broken") && !f.op.result.waits_for,
	   "nobody waits for a refresh");
	ok(!is_due(), "none is called for");
	f.op.now += 601 * SECOND_MS;
	ok(is_due(), "but one now and then");
	r = sent();
	const struct refresh_answer a = answered(&r, "accepted");
	ok(written(&a) && str_eq(app_now().state, APP_OK) && !app_now().reason, "and its success mends the application");
}

static void put_app(const struct provider *p, const char *secret, struct provider_app *out)
{
	const struct provider_app in = { .client_id = "client", .client_secret = secret };

	if (!op_provider_app_put(&f.op, at(victim.id), p, &in, out, &err))
		bail_out("app", &err);
}

/* The provider judged what the owner has mended since. */
static void test_app_set_anew(void)
{
	struct provider_app anew;
	struct refresh_claim r;

	bring("of an application that is set anew");
	want();
	r = sent();
	f.op.now += SECOND_MS;
	put_app(&whoop, "new-secret", &anew);
	ended(&r, ENDED_ANSWERED, REPLY_APP_BROKEN);
	is_str(app_now().state, APP_OK, "a late answer does not break what was set anew");
	f.op.now = now_is().retry_at;
	want();
	r = sent();
	is_str(r.client_secret, "new-secret", "the next call has the new secret");
	ended(&r, ENDED_ANSWERED, REPLY_APP_BROKEN);
	is_str(app_now().state, APP_BROKEN, "which an answer to it breaks");
	put_app(&whoop, "secret", &anew);
}

/* Read, removed and set anew, written: the secret is sealed for the id that was read. */
static void test_app_race(void)
{
	struct provider_app old, now;
	struct audit_event event;
	const char *secret;
	struct provider oura;

	if (!provider_get(all_providers, "oura", f.op.now, &oura, &err))
		bail_out("oura", &err);
	put_app(&oura, "one", &old);
	ok(op_provider_app_delete(&f.op, at(victim.id), "oura", &err), "an application is removed");
	put_app(&oura, "two", &now);
	event = op_audit(&f.op, AUDIT_APP_CHANGED, old.id);
	ok(!store_provider_app_update(f.db, at(victim.id), &event, &old, f.arena, &err) && err.kind == ERR_NOT_FOUND,
	   "what was read before is not written over the one that was set anew");
	ok(store_provider_app_get(f.db, at(victim.id), "oura", f.arena, &now, &err) &&
	   op_provider_app_secret(&f.op, &now, &secret, &err) && str_eq(secret, "two"), "whose secret opens");
}

int main(void)
{
	refresh_begin();
	test_one_claim();
	test_late_claim();
	test_host_returns();
	test_order();
	test_outdated();
	test_access_alone();
	test_replaced_late();
	test_access_alone_uncertain();
	test_answer_meanwhile();
	test_wanted();
	test_app_broken();
	test_app_set_anew();
	test_app_race();
	test_refused_all();
	vault_free(&f.process.vault);
	fixture_close(&f);
	return tap_done();
}
