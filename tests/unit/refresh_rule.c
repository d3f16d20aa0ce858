/*
 * tests/unit/refresh_rule.c - what the end of a refresh means: a table of ends and providers,
 * and when one is due.
 */
#include "config.h"

#include "base/clock.h"
#include "base/str.h"
#include "op/refresh_rule.h"
#include "tap.h"

#define NOW INT64_C(1800000000000)
#define HOUR (3600 * SECOND_MS)

static struct connection row(const char *state)
{
	return (struct connection){
		.id = "c", .app_id = "a", .phase = PHASE_CLAIMED, .state = state, .sealed_refresh = "x",
		.expires_at = NOW + HOUR, .refreshed_at = NOW - HOUR, .retry_at = TIME_NONE,
		.first_refused_at = TIME_NONE, .ended_at = TIME_NONE, .lease_until = TIME_NONE,
	};
}

static struct provider provider(const char *replay)
{
	return (struct provider){ .id = "p", .title = "P", .token_url = "https://p/t", .refresh = "rotates", .replay = replay,
				  .keepalive = "yes", .margin = 600, .retired_on = TIME_NONE,
				  .starts_on = TIME_NONE };
}

static struct provider_app app(void)
{
	return (struct provider_app){ .last_success_at = TIME_NONE, .window_at = TIME_NONE,
				      .degraded_until = TIME_NONE };
}

/* --- ends ------------------------------------------------------------------------------- */

/* after: seconds from now to the next try; -1: none, 0: at once. */
static const struct {
	const char *what, *replay, *before;
	int64_t attempts;
	enum refresh_end end;
	enum provider_outcome outcome;
	int status;
	const char *state;
	int64_t after;
} ends[] = {
	{ "not sent", "lethal", "refreshing", 0, ENDED_UNSENT, 0, 0, "degraded", 5 },
	{ "not sent again", "lethal", "degraded", 3, ENDED_UNSENT, 0, 0, "degraded", 40 },
	{ "not sent for long", "lethal", "degraded", 90, ENDED_UNSENT, 0, 0, "degraded", 600 },
	{ "no room", "lethal", "ok", 0, ENDED_NO_SPACE, 0, 0, "degraded", 5 },
	{ "no directory", "lethal", "ok", 0, ENDED_NO_SPOOL, 0, 0, "degraded", 5 },
	{ "no budget", "lethal", "ok", 0, ENDED_NO_BUDGET, 0, 0, "degraded", 5 },
	{ "no room", "lethal", "uncertain", 0, ENDED_NO_SPACE, 0, 0, "uncertain", 5 },
	{ "silent", "lethal", "refreshing", 0, ENDED_SILENT, 0, 0, "uncertain", 3600 },
	{ "silent", NULL, "refreshing", 0, ENDED_SILENT, 0, 0, "uncertain", 3600 },
	{ "silent", "perhaps", "refreshing", 0, ENDED_SILENT, 0, 0, "uncertain", 3600 },
	{ "silent", "safe", "refreshing", 0, ENDED_SILENT, 0, 0, "degraded", 0 },
	{ "silent", "safe_until_used", "refreshing", 0, ENDED_SILENT, 0, 0, "degraded", 0 },
	{ "silent again", "safe", "degraded", 1, ENDED_SILENT, 0, 0, "degraded", 10 },
	{ "200 without tokens", "lethal", "refreshing", 0, ENDED_ANSWERED, REPLY_UNREADABLE, 200, "uncertain", 3600 },
	{ "200 without tokens", "safe", "refreshing", 0, ENDED_ANSWERED, REPLY_UNREADABLE, 200, "degraded", 0 },
	{ "a gateway", "lethal", "refreshing", 0, ENDED_ANSWERED, REPLY_UNAVAILABLE, 502, "uncertain", 3600 },
	{ "a gateway", "lethal", "refreshing", 0, ENDED_ANSWERED, REPLY_UNAVAILABLE, 504, "uncertain", 3600 },
	{ "500", "lethal", "refreshing", 0, ENDED_ANSWERED, REPLY_UNAVAILABLE, 500, "uncertain", 3600 },
	{ "500", "safe", "refreshing", 0, ENDED_ANSWERED, REPLY_UNAVAILABLE, 500, "degraded", 0 },
	{ "505", "lethal", "refreshing", 0, ENDED_ANSWERED, REPLY_UNAVAILABLE, 505, "uncertain", 3600 },
	{ "a gateway's own", "lethal", "refreshing", 0, ENDED_ANSWERED, REPLY_UNAVAILABLE, 520, "uncertain", 3600 },
	{ "a gateway's own", "lethal", "refreshing", 0, ENDED_ANSWERED, REPLY_UNAVAILABLE, 524, "uncertain", 3600 },
	{ "503", "lethal", "refreshing", 0, ENDED_ANSWERED, REPLY_UNAVAILABLE, 503, "degraded", 5 },
	{ "403", "lethal", "refreshing", 0, ENDED_ANSWERED, REPLY_UNAVAILABLE, 403, "degraded", 5 },
	{ "404", "lethal", "refreshing", 0, ENDED_ANSWERED, REPLY_UNAVAILABLE, 404, "degraded", 5 },
	{ "410", "lethal", "refreshing", 0, ENDED_ANSWERED, REPLY_UNAVAILABLE, 410, "degraded", 5 },
	{ "400 without a word", "lethal", "refreshing", 0, ENDED_ANSWERED, REPLY_UNREADABLE, 400, "degraded", 5 },
	{ "401 without a word", "lethal", "uncertain", 0, ENDED_ANSWERED, REPLY_UNREADABLE, 401, "uncertain", 5 },
	{ "429", "lethal", "refreshing", 0, ENDED_ANSWERED, REPLY_LIMITED, 429, "degraded", 77 },
	{ "invalid_client", "lethal", "refreshing", 0, ENDED_ANSWERED, REPLY_APP_BROKEN, 401, "ok", 600 },
	{ "invalid_client", "lethal", "uncertain", 0, ENDED_ANSWERED, REPLY_APP_BROKEN, 401, "uncertain", 600 },
	{ "refused", "lethal", "refreshing", 0, ENDED_ANSWERED, REPLY_REFUSED, 400, "degraded", 1800 },
	{ "refused", "lethal", "uncertain", 0, ENDED_ANSWERED, REPLY_REFUSED, 400, "uncertain", 1800 },
};

static void test_ends(void)
{
	const struct provider_app a = app();

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct connection c = row(ends[i].before);
		const struct provider p = provider(ends[i].replay);
		const struct refresh_seen seen = {
			ends[i].end, ends[i].outcome, ends[i].status,
			ends[i].outcome == REPLY_LIMITED ? NOW + 77 * SECOND_MS : TIME_NONE, "word", &a, false, &a };
		struct refresh_verdict v;
		int64_t after;

		c.attempts = ends[i].attempts;
		refresh_judge(&c, &p, &seen, NOW, &v);
		after = !v.wanted ? -1 : v.retry_at == TIME_NONE ? 0 : (v.retry_at - NOW) / SECOND_MS;
		is_str(v.state, ends[i].state, ends[i].what);
		is_int(after, ends[i].after, "  the next try");
		ok(v.reason != NULL, "  a reason");
		ok(v.app_broken == (ends[i].outcome == REPLY_APP_BROKEN && ends[i].end == ENDED_ANSWERED),
		   "  the application");
	}
}

/* The one attempt more, at the end of the access token and not within an hour. */
static void test_expired(void)
{
	const struct refresh_seen seen = { ENDED_SILENT, .until = TIME_NONE };
	const struct provider p = provider("lethal");
	static const int64_t ends_at[] = { NOW - 1, NOW + 1, NOW + HOUR, TIME_NONE };
	struct connection c = row(CONNECTION_REFRESHING);
	struct refresh_verdict v;

	for (size_t i = 0; i < sizeof(ends_at) / sizeof(ends_at[0]); i++) {
		c.expires_at = ends_at[i];
		refresh_judge(&c, &p, &seen, NOW, &v);
		is_str(v.state, CONNECTION_UNCERTAIN, "silent");
		is_int(v.retry_at, NOW + HOUR, "  a host that has the answer has an hour to come back");
	}
	c.expires_at = NOW + 2 * HOUR;
	refresh_judge(&c, &p, &seen, NOW, &v);
	is_int(v.retry_at, NOW + 2 * HOUR, "  and the access token serves to its end");
	c.state = CONNECTION_UNCERTAIN;
	refresh_judge(&c, &p, &seen, NOW, &v);
	is_str(v.state, CONNECTION_REAUTH, "silent again");
	ok(!v.wanted && v.retry_at == TIME_NONE, "  is not tried a third time");
	is_str(v.reason, "no_answer", "  and says why");
}

/* --- refusals ----------------------------------------------------------------------------- */

/* In seconds before now; 0: not there. */
static const struct {
	const char *what;
	int64_t refusals, first, success, degraded;
	bool alone;
	const char *state;
	int64_t count;
} refusals[] = {
	{ "the first", 0, 0, 0, 0, false, "degraded", 1 },
	{ "the second", 1, 7200, 60, 0, false, "degraded", 2 },
	{ "the third, others succeed", 2, 7200, 60, 0, false, "reauth_required", 3 },
	{ "the third within an hour", 2, 3599, 60, 0, false, "degraded", 3 },
	{ "the third, an hour", 2, 3600, 60, 0, false, "reauth_required", 3 },
	{ "the third, nobody succeeds", 2, 7200, 0, 0, false, "degraded", 3 },
	{ "the third, the last success was before", 2, 7200, 7300, 0, false, "degraded", 3 },
	{ "many, nobody succeeds", 50, 900000, 0, 0, false, "degraded", 51 },
	{ "the only user, an hour", 2, 7200, 0, 0, true, "degraded", 3 },
	{ "the only user, a day", 2, 86400, 0, 0, true, "reauth_required", 3 },
	{ "while all are refused", 2, 7200, 60, -60, false, "degraded", 2 },
	{ "after all were refused", 2, 7200, 60, 60, false, "reauth_required", 3 },
};

static int64_t ago(int64_t s)
{
	return s ? NOW - s * SECOND_MS : TIME_NONE;
}

static void test_refusals(void)
{
	const struct provider p = provider("lethal");

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct provider_app a = app();
		const struct refresh_seen seen = { ENDED_ANSWERED, REPLY_REFUSED, 400, TIME_NONE, "invalid_grant",
						   &a, refusals[i].alone, &a };
		struct connection c = row(CONNECTION_REFRESHING);
		struct refresh_verdict v;

		a.last_success_at = ago(refusals[i].success);
		a.degraded_until = ago(refusals[i].degraded);
		c.refusals = refusals[i].refusals;
		c.first_refused_at = ago(refusals[i].first);
		refresh_judge(&c, &p, &seen, NOW, &v);
		is_str(v.state, refusals[i].state, refusals[i].what);
		is_int(v.refusals, refusals[i].count, "  so many");
		ok(v.wanted == !str_eq(v.state, CONNECTION_REAUTH), "  and tried again, or not");
	}
	ok(!refresh_is_degraded(4, 4), "four refusals say nothing about an application");
	ok(!refresh_is_degraded(10, 2), "a fifth is not more than a fifth");
	ok(refresh_is_degraded(10, 3) && refresh_is_degraded(5, 5), "more is");
}

/* --- when --------------------------------------------------------------------------------- */

static void is_due(struct connection c, struct provider p, enum refresh_due want, const char *what)
{
	is_int(refresh_due_of(&c, &p, NOW), want, what);
}

static void test_due(void)
{
	static const char *const never[] = { CONNECTION_REAUTH, CONNECTION_RETIRED, CONNECTION_UNIDENTIFIED };
	struct connection c = row(CONNECTION_OK);
	struct provider p = provider("lethal");

	is_due(c, p, REFRESH_CALL, "claimed, and the claim is over");
	c.phase = PHASE_SENT;
	is_due(c, p, REFRESH_SILENT, "sent, and the claim is over: never sent again by that");
	c.phase = PHASE_IDLE;
	c.retry_at = NOW + 1;
	is_due(c, p, REFRESH_NOT_NOW, "later");
	c.retry_at = NOW;
	is_due(c, p, REFRESH_CALL, "now");
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		c.state = never[i];
		is_due(c, p, REFRESH_NOT_NOW, never[i]);
	}
	c.state = CONNECTION_OK;
	c.app_id = NULL;
	is_due(c, p, REFRESH_NOT_NOW, "of no application");
	c.app_id = "a";
	c.sealed_refresh = NULL;
	is_due(c, p, REFRESH_NOT_NOW, "no refresh token");
	c.sealed_refresh = "x";
	p.retired_on = NOW;
	is_due(c, p, REFRESH_NOT_NOW, "the provider has ended");
	p.retired_on = TIME_NONE;
	p.refresh = "none";
	is_due(c, p, REFRESH_NOT_NOW, "the provider has no refresh");
}

static void test_begins(void)
{
	struct connection c = row(CONNECTION_OK);
	struct provider p = provider("lethal");

	is_int(refresh_begins(&p, &c), c.expires_at - 600 * SECOND_MS, "the margin of the row");
	p.margin = INT_NONE;
	is_int(refresh_begins(&p, &c), c.expires_at - REFRESH_MARGIN_S * SECOND_MS, "or the usual one");
	c.refreshed_at = NOW;
	c.expires_at = NOW + 100 * SECOND_MS;
	is_int(refresh_begins(&p, &c), NOW + 50 * SECOND_MS, "half of a short life");
	c.expires_at = TIME_NONE;
	is_int(refresh_begins(&p, &c), TIME_NONE, "an end that nobody knows");
	ok(refresh_is_ahead(&p, NOW), "ahead");
	p.keepalive = "no";
	ok(!refresh_is_ahead(&p, NOW), "only with a request");
	p.keepalive = NULL;
	ok(!refresh_is_ahead(&p, NOW), "nor where nothing is said");
}

int main(void)
{
	test_ends();
	test_expired();
	test_refusals();
	test_due();
	test_begins();
	return tap_done();
}
