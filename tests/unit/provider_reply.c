/*
 * tests/unit/provider_reply.c - what replies mean, by the rows that are shipped: a table of
 * each provider's own replies, and for all of them what is never a refusal.
 */
#include "config.h"

#include <string.h>

#include "base/clock.h"
#include "provider/providers.h"
#include "provider/reply.h"
#include "tap.h"

#define NOW INT64_C(1800000000000)   /* 2027-01-15T08:00:00Z */
#define AT "\"access_token\":\"at-1\""
#define RT "\"refresh_token\":\"rt-2\""

static struct arena *arena;
static const struct providers *all;

static struct provider row(const char *id)
{
	struct provider p;
	struct err err;

	if (!provider_get(all, id, NOW, &p, &err))
		ok(false, "no row %s", id);
	return p;
}

static struct provider_reply read_as(const struct provider *p, bool refreshes, int status,
				     const char *headers, const char *body)
{
	struct provider_reply r;

	provider_reply_read(p, &(struct provider_answer){ .status = status, .headers = headers, .body = body,
				 .body_len = strlen(body), .refreshes = refreshes, .now = NOW }, arena, &r);
	return r;
}

static const char *const outcomes[] = {
	[REPLY_UNREADABLE] = "unreadable", [REPLY_OK] = "ok", [REPLY_REFUSED] = "refused",
	[REPLY_APP_BROKEN] = "app broken", [REPLY_LIMITED] = "limited", [REPLY_UNAVAILABLE] = "unavailable",
};

/* expires: s from now, 0 = not known. */
static const struct {
	const char *provider;
	bool refreshes;
	int status;
	const char *body, *outcome, *access, *refresh;
	int64_t expires;
	const char *scopes, *identity, *reason;
} rows[] = {
	{ "strava", false, 200, "{" AT "," RT ",\"expires_at\":1800021600,\"expires_in\":21600,\"athlete\":{\"id\":7}}",
	  "ok", "at-1", "rt-2", 21600, NULL, NULL, "ok" },
	{ "strava", true, 400, "{\"message\":\"Bad Request\",\"errors\":[{\"resource\":\"RefreshToken\",\"code\":\"invalid\"}]}",
	  "unreadable", NULL, NULL, 0, NULL, NULL, "http_400" },
	{ "google-health", true, 200, "{" AT ",\"expires_in\":3599,\"scope\":\"https://a/x https://a/y\",\"token_type\":\"Bearer\"}",
	  "ok", "at-1", NULL, 3599, "https://a/x https://a/y", NULL, "ok" },
	{ "google-health", true, 400, "{\"error\":\"invalid_grant\",\"error_description\":\"Token has been expired or revoked.\"}",
	  "refused", NULL, NULL, 0, NULL, NULL, "invalid_grant" },
	{ "google-health", true, 401, "{\"error\":\"invalid_client\"}", "app broken", NULL, NULL, 0, NULL, NULL, "invalid_client" },
	{ "fitbit", true, 410, "", "unavailable", NULL, NULL, 0, NULL, NULL, "http_410" },
	{ "garmin", true, 200, "{" AT "," RT ",\"expires_in\":86400,\"refresh_token_expires_in\":7775998}",
	  "ok", "at-1", "rt-2", 86400, NULL, NULL, "ok" },
	{ "whoop", true, 200, "{" AT "," RT ",\"expires_in\":3600,\"scope\":\"offline read:profile\"}",
	  "ok", "at-1", "rt-2", 3600, "offline read:profile", NULL, "ok" },
	{ "coros", false, 200, "{" AT "," RT ",\"expires_in\":\"2592000\",\"openId\":\"o-1\",\"result\":\"0000\",\"message\":\"OK\"}",
	  "ok", "at-1", "rt-2", 2592000, NULL, "o-1", "ok" },
	{ "coros", true, 200, "{\"result\":\"0000\",\"message\":\"OK\"}", "ok", NULL, NULL, 2592000, NULL, NULL, "ok" },
	{ "coros", false, 200, "{\"result\":\"0000\",\"message\":\"OK\"}", "unreadable", NULL, NULL, 0, NULL, NULL, "no_access_token" },
	{ "coros", true, 200, "{\"result\":\"5006\",\"message\":\"refresh token error\"}", "refused", NULL, NULL, 0, NULL, NULL, "5006" },
	{ "coros", true, 200, "{\"result\":\"1001\"}", "unavailable", NULL, NULL, 0, NULL, NULL, "1001" },
	{ "oura", true, 200, "{" AT "," RT ",\"token_type\":\"bearer\"}", "ok", "at-1", "rt-2", 3600, NULL, NULL, "ok" },
	{ "polar", false, 200, "{" AT ",\"token_type\":\"bearer\",\"expires_in\":31535999,\"x_user_id\":10579}",
	  "ok", "at-1", NULL, 31535999, NULL, "10579", "ok" },
	{ "withings", true, 200, "{\"status\":0,\"body\":{\"userid\":363," AT "," RT ",\"scope\":\"user.info,user.metrics\",\"expires_in\":10800}}",
	  "ok", "at-1", "rt-2", 10800, "user.info user.metrics", "363", "ok" },
	{ "withings", true, 200, "{\"status\":601,\"body\":{},\"error\":\"Too many\"}", "limited", NULL, NULL, 0, NULL, NULL, "601" },
	{ "withings", true, 200, "{\"status\":503,\"body\":{}}", "unavailable", NULL, NULL, 0, NULL, NULL, "503" },
	{ "withings", true, 200, "{\"body\":{" AT "}}", "unreadable", NULL, NULL, 0, NULL, NULL, "http_200" },
	{ "wahoo", true, 200, "{" AT "," RT ",\"expires_in\":7199,\"scope\":\"user_read\"}", "ok", "at-1", "rt-2", 7199, "user_read", NULL, "ok" },
	{ "wahoo", true, 400, "{}", "unreadable", NULL, NULL, 0, NULL, NULL, "http_400" },
	{ "suunto", true, 200, "{\"access_token\":\"e30.eyJ1c2VyIjoicnVubmVyIn0.sig\",\"expires_in\":86400}",
	  "ok", "e30.eyJ1c2VyIjoicnVubmVyIn0.sig", NULL, 86400, NULL, "runner", "ok" },
	{ "suunto", true, 401, "{\"error\":\"invalid_grant\"}", "refused", NULL, NULL, 0, NULL, NULL, "invalid_grant" },
	{ "custom", false, 200, "{" AT "," RT ",\"expires_in\":60,\"scope\":[\"a\",\"b\"]}", "ok", "at-1", "rt-2", 60, "a b", NULL, "ok" },
	{ "custom", true, 200, "{\"error\":\"invalid_grant\"}", "refused", NULL, NULL, 0, NULL, NULL, "invalid_grant" },
	{ "custom", true, 400, "{\"error\":\"unauthorized_client\"}", "refused", NULL, NULL, 0, NULL, NULL, "unauthorized_client" },
	{ "custom", true, 400, "{\"error\":\"invalid_request\"}", "unreadable", NULL, NULL, 0, NULL, NULL, "invalid_request" },
};

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct provider p = row(rows[i].provider);
		struct provider_reply r = read_as(&p, rows[i].refreshes, rows[i].status, "", rows[i].body);
		const char *name = arena_printf(arena, "%s %d %.60s", rows[i].provider, rows[i].status, rows[i].body);

		is_str(outcomes[r.outcome], rows[i].outcome, name);
		is_str(r.access_token, rows[i].access, "  access token");
		is_str(r.refresh_token, rows[i].refresh, "  refresh token");
		is_int(r.expires_at == TIME_NONE ? 0 : (r.expires_at - NOW) / SECOND_MS, rows[i].expires, "  its end");
		is_str(r.scopes.items ? strings_join(arena, r.scopes, " ") : NULL, rows[i].scopes, "  scopes");
		is_str(r.identity, rows[i].identity, "  user");
		is_str(r.reason, rows[i].reason, "  reason");
	}
}

/* A firewall's page, a path that moved, an outage, a cut: of no provider a refusal. */
static void test_never_refused(void)
{
	static const struct { int status; const char *body, *outcome; } bad[] = {
		{ 403, "<html><body>Access denied</body></html>", "unavailable" },
		{ 403, "{\"error\":\"invalid_grant\"}", "unavailable" },
		{ 404, "{\"error\":\"invalid_grant\"}", "unavailable" },
		{ 410, "{\"error\":\"invalid_grant\"}", "unavailable" },
		{ 429, "{\"error\":\"invalid_grant\"}", "limited" },
		{ 500, "{\"error\":\"invalid_grant\"}", "unavailable" },
		{ 503, "", "unavailable" },
		{ 400, "<html>", "unreadable" },
		{ 401, "", "unreadable" },
		{ 400, "{\"error\":\"invalid_gra", "unreadable" },
		{ 400, "{\"error\":null}", "unreadable" },
		{ 400, "{\"error\":{\"code\":\"invalid_grant\"}}", "unreadable" },
		{ 200, "<html>Sign in</html>", "unreadable" },
		{ 200, "", "unreadable" },
		{ 200, "{\"access_token\":\"at", "unreadable" },
		{ 200, "[]", "unreadable" },
		{ 200, "null", "unreadable" },
		{ 301, "", "unreadable" },
		{ 302, "{\"error\":\"invalid_grant\"}", "unreadable" },
		{ 0, "", "unreadable" },
	};
	struct field_list list = providers_all(all, NOW, arena);
	const struct provider *p = list.items;

	ok(list.n >= 12, "%zu providers", list.n);
	for (size_t k = 0; k < list.n; k++)
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			struct provider_reply r = read_as(&p[k], true, bad[i].status, "", bad[i].body);

			is_str(outcomes[r.outcome], bad[i].outcome,
			       arena_printf(arena, "%s %d %s", p[k].id, bad[i].status, bad[i].body));
		}
}

/* A good reply is never thrown away for what else is in it. */
static void test_optional(void)
{
	static const char *const odd[] = {
		"null", "\"soon\"", "\"\"", "-1", "0", "1e400", "99999999999999999999999999", "{}", "[]", "true", "1.5",
		"\"99999999999999999999\"", "315360001",
	};
	static const char *const members[] = { "expires_in", "expires_at", "refresh_token", "scope", "token_type", "x" };
	struct provider p = row("custom");

	for (size_t m = 0; m < sizeof(members) / sizeof(members[0]); m++)
		for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
			const char *body = arena_printf(arena, "{" AT ",\"%s\":%s}", members[m], odd[i]);
			struct provider_reply r = read_as(&p, true, 200, "", body);

			ok(r.outcome == REPLY_OK && r.access_token && r.expires_at == NOW + 3600 * SECOND_MS,
			   "%s", body);
		}
	p.access_ttl = INT_NONE;
	is_int(read_as(&p, true, 200, "", "{" AT "}").expires_at, TIME_NONE, "an end that nobody knows");
	is_int(read_as(&p, true, 200, "", "{" AT ",\"expires_at\":\"1800000060\"}").expires_at, NOW + 60000, "as a moment");
	ok(!read_as(&p, true, 200, "", "{" AT ",\"refresh_token\":\"\"}").refresh_token, "an empty token is none");
	struct provider_reply half = read_as(&p, true, 200, "", "{" AT ",\"refresh_token\":\"a b\"}");
	ok(half.outcome == REPLY_UNREADABLE && !half.access_token && str_eq(half.reason, "token_unusable"),
	   "one with a blank is said, and the one beside it is not kept");
	is_str(outcomes[read_as(&p, true, 200, "", "{\"access_token\":\"a\\r\\nX: y\"}").outcome], "unreadable",
	       "a line break is no token");
	char *big = arena_alloc(arena, 9000);
	memset(big, 'a', 8192);
	half = read_as(&p, true, 200, "", arena_printf(arena, "{" AT ",\"refresh_token\":\"%s\"}", big));
	ok(half.outcome == REPLY_OK && half.refresh_token && strlen(half.refresh_token) == 8192, "a long one is kept");
	memset(big, 'a', 8193);
	half = read_as(&p, true, 200, "", arena_printf(arena, "{" AT ",\"refresh_token\":\"%s\"}", big));
	ok(half.outcome == REPLY_UNREADABLE && str_eq(half.reason, "token_unusable"), "a longer one is said");
	is_str(outcomes[read_as(&p, true, 200, "", arena_printf(arena, "{\"access_token\":\"%s\"}", big)).outcome],
	       "unreadable", "nor is one that is too long");
}

static void test_limits(void)
{
	static const struct { const char *provider, *headers; int64_t s; } limits[] = {
		{ "custom", "", 60 },
		{ "custom", "Retry-After: 7\n", 7 },
		{ "custom", "retry-after:  7 \nOther: 1\n", 7 },
		{ "custom", "Retry-After: 0\n", 1 },
		{ "custom", "Retry-After: soon\n", 60 },
		{ "custom", "Retry-After: 99999999\n", 86400 },
		{ "custom", "Retry-After: 99999999999999999999999\n", 86400 },
		{ "custom", "Retry-After: 86401\n", 86400 },
		{ "custom", "Retry-After: -5\n", 60 },
		{ "custom", "Retry-After: 1.5\n", 60 },
		{ "custom", "Retry-After: Fri, 15 Jan 2027 08:00:30 GMT\n", 30 },
		{ "custom", "Retry-After: Fri, 15 Jan 2027 07:00:00 GMT\n", 1 },
		{ "custom", "Retry-After: Fri, 15 Jan 2038 08:00:00 GMT\n", 86400 },
		{ "custom", "X-RateLimit-Reset: 30\n", 60 },
		{ "strava", "X-RateLimit-Limit: 200,2000\nX-RateLimit-Usage: 200,300\n", 900 },
		{ "strava", "X-RateLimit-Limit: 200,2000\nX-RateLimit-Usage: 201,2000\n", 16 * 3600 },
		{ "strava", "X-RateLimit-Limit: 200,2000\nX-RateLimit-Usage: 1,1\nX-ReadRateLimit-Limit: 100,1000\nX-ReadRateLimit-Usage: 100,5\n", 900 },
		{ "strava", "X-RateLimit-Limit: 200,2000\nX-RateLimit-Usage: 1,1\n", 60 },
		{ "strava", "X-RateLimit-Limit: x\nX-RateLimit-Usage: \n", 60 },
		{ "whoop", "X-RateLimit-Limit: 100, 100;window=60, 10000;window=86400\nX-RateLimit-Remaining: 0\nX-RateLimit-Reset: 12\n", 12 },
		{ "whoop", "X-RateLimit-Reset: 1800000045\n", 45 },
		{ "whoop", "X-RateLimit-Reset: 1799999999\n", 1 },
		{ "whoop", "X-RateLimit-Reset: 1896083200\n", 86400 },
		{ "whoop", "X-RateLimit-Reset: 99999999999999999999999\n", 86400 },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct provider p = row(limits[i].provider);
		struct provider_reply r = read_as(&p, true, 429, limits[i].headers, "");

		ok(r.outcome == REPLY_LIMITED && r.until > NOW, "%s, headers %zu", limits[i].provider, i);
		is_int((r.until - NOW) / SECOND_MS, limits[i].s, "  until");
	}
	static const struct { const char *provider; int status; const char *headers; int64_t s; } shut[] = {
		{ "strava", 200, "X-RateLimit-Limit: 200,2000\nX-RateLimit-Usage: 199,300\n", 0 },
		{ "strava", 200, "X-RateLimit-Limit: 200,2000\nX-RateLimit-Usage: 200,300\n", 900 },
		{ "strava", 200, "X-RateLimit-Limit: 200,2000\nX-RateLimit-Usage: 9,2000\n", 16 * 3600 },
		{ "strava", 200, "Retry-After: 5\n", 0 },
		{ "strava", 429, "Retry-After: 5\n", 5 },
		{ "strava", 200, "", 0 },
		{ "whoop", 200, "X-RateLimit-Remaining: 1\nX-RateLimit-Reset: 12\n", 0 },
		{ "whoop", 200, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 12\n", 12 },
		{ "whoop", 200, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1800000012\n", 12 },
		{ "whoop", 200, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1700000012\n", 0 },
		{ "whoop", 200, "X-RateLimit-Remaining: 0\n", 0 },
		{ "whoop", 200, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 86400\n", 86400 },
		{ "custom", 200, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 12\n", 0 },
	};

	for (size_t i = 0; i < sizeof(shut) / sizeof(shut[0]); i++) {
		struct provider of = row(shut[i].provider);
		int64_t until = reply_shut_until(&of, shut[i].status, shut[i].headers, NOW);

		is_int(until == TIME_NONE ? 0 : (until - NOW) / SECOND_MS, shut[i].s, shut[i].headers);
	}
	struct provider p = row("custom");
	is_int(read_as(&p, true, 503, "Retry-After: 120\n", "").until, NOW + 120000, "503 with a time");
	is_int(read_as(&p, true, 503, "", "").until, TIME_NONE, "and without");
}

static void test_identity(void)
{
	static const int lengths[] = { 1, 255, 256, 20000 };
	static const char *const odd[] = {
		"{\"id\":\" \"}", "{\"id\":\"a b\"}", "{\"id\":\"a\\r\\nX: y\"}", "{\"id\":\"a\\u0000\"}",
		"{\"id\":\"\\u007f\"}",
	};
	struct provider p = row("strava");

	is_str(reply_identity(&p, "{\"id\":4711,\"username\":\"x\"}", 25, arena), NULL, "not JSON by its length");
	is_str(reply_identity(&p, "{\"id\":4711}", 11, arena), "4711", "a number");
	is_str(reply_identity(&p, "{\"id\":\"\"}", 9, arena), NULL, "nothing is nobody");
	is_str(reply_identity(&p, "{\"id\":null}", 11, arena), NULL, "null is nobody");
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const char *body = arena_printf(arena, "{\"id\":\"%0*d\"}", lengths[i], 7);

		ok((reply_identity(&p, body, strlen(body), arena) != NULL) == (lengths[i] <= 255),
		   "an id of %d characters", lengths[i]);
	}
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		ok(!reply_identity(&p, odd[i], strlen(odd[i]), arena), "what is not visible is no id: %s", odd[i]);
	/* in this order, each for want of what stands before it */
	p.identity_field = "user|x.id|sub";
	is_str(reply_identity(&p, "{\"sub\":\"s\"}", 11, arena), "s", "of several names the one that is there");
	is_str(reply_identity(&p, "{\"sub\":\"s\",\"x\":{\"id\":7}}", 24, arena), "7", "the first of them");
	is_str(reply_identity(&p, "{\"sub\":\"s\",\"user\":\"a b\"}", 24, arena), "s", "that can be an id");
	is_str(reply_identity(&p, "{\"id\":7}", 8, arena), NULL, "none of them is nobody");
	p = row("suunto");
	is_str(read_as(&p, false, 200, "", "{\"access_token\":\"e30.eyJzdWIiOiJzaGUifQ.sig\"}").identity, "she", "a JWT with sub alone");
	is_str(read_as(&p, false, 200, "", "{\"access_token\":\"e30.eyJzdWIiOiJzaGUiLCJ1c2VyIjoicnVubmVyIn0.sig\"}").identity,
	       "runner", "user before sub");
	is_str(read_as(&p, false, 200, "", "{\"access_token\":\"e30.%%%.sig\"}").identity, NULL, "no JWT");
	is_str(read_as(&p, false, 200, "", "{\"access_token\":\"opaque\"}").identity, NULL, "nor this");
}

int main(void)
{
	struct err err;

	arena = arena_new();
	all = providers_read(arena, NULL, &err);
	if (!ok(all != NULL, "the rows that are shipped"))
		return tap_done();
	test_rows();
	test_never_refused();
	test_optional();
	test_limits();
	test_identity();
	arena_free(&arena);
	return tap_done();
}
