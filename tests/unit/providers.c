/*
 * tests/unit/providers.c - the file of providers: what is shipped, an operator's own one,
 * values with a date, and each mistake with its line.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "provider/providers.h"
#include "tap.h"

static struct arena *arena;
static char path[] = "/tmp/providers.XXXXXX";

static int64_t moment(const char *day)
{
	int64_t ms = 0;

	ok(time_parse(arena_printf(arena, "%sT00:00:00.000Z", day), &ms), "%s", day);
	return ms;
}

static const struct providers *with(const char *text, struct err *err)
{
	FILE *f = fopen(path, "w");

	if (f) {
		fputs(text, f);
		fclose(f);
	}
	return providers_read(arena, path, err);
}

static struct provider at(const struct providers *list, const char *id, int64_t now)
{
	struct provider p = { 0 };
	struct err err;

	ok(provider_get(list, id, now, &p, &err), "%s is there", id);
	return p;
}

/* --- what nobody has seen ------------------------------------------------------------------- */

static bool is_lethal(const struct provider *p) { return provider_replay_of(p) == REPLAY_LETHAL; }
static bool rotates(const struct provider *p) { return provider_refresh_of(p) == REFRESH_ROTATES; }
static bool waits(const struct provider *p) { return provider_keepalive_of(p) == KEEPALIVE_NO; }
static bool kills_all(const struct provider *p) { return !str_eq(p->revoke_kills, "token"); }
static bool counts(const struct provider *p) { return !str_eq(p->auth_calls, "free"); }
static bool reads_no_headers(const struct provider *p) { return !p->rate_headers || str_eq(p->rate_headers, "none"); }
static bool is_short(const struct provider *p) { return p->access_ttl == INT_NONE || p->access_ttl <= 3600; }
static bool refuses_by_word_alone(const struct provider *p) { return p->refused_words.n == 0; }

/* A path of the host that has the tokens in any case. */
static bool tells_nobody_new(const struct provider *p)
{
	size_t n = p->token_url ? strcspn(p->token_url + strlen("https://"), "/") + strlen("https://") : 0;

	return !p->revoke_url || (n > 0 && strncmp(p->revoke_url, p->token_url, n) == 0 && p->revoke_url[n] == '/');
}

/* The cautious value of each column that has one. */
static const struct { const char *column; bool (*is)(const struct provider *p); } cautious[] = {
	{ "replay", is_lethal }, { "refresh", rotates }, { "keepalive", waits }, { "revoke_kills", kills_all },
	{ "revoke_url", tells_nobody_new }, { "auth_calls", counts }, { "rate_headers", reads_no_headers },
	{ "access_ttl", is_short }, { "refused_words", refuses_by_word_alone },
};

/* "column: why", or "everything: why" */
static bool names(const char *text, const char *column)
{
	size_t n = strcspn(text, ":");

	return strncmp(text, "everything", n) == 0 || (n == strlen(column) && strncmp(text, column, n) == 0);
}

static bool names_a_column(const char *text)
{
	for (const struct field *f = provider_schema.fields; f->name; f++)
		if (names(text, f->name))
			return true;
	return false;
}

static void test_cautious(const struct provider *p)
{
	for (size_t k = 0; k < p->unverified.n; k++) {
		ok(names_a_column(p->unverified.items[k]), "%s: a column: %s", p->id, p->unverified.items[k]);
		for (size_t i = 0; i < sizeof(cautious) / sizeof(cautious[0]); i++)
			if (names(p->unverified.items[k], cautious[i].column))
				ok(cautious[i].is(p), "%s: nobody has seen %s: it is the cautious value", p->id,
				   cautious[i].column);
	}
}

static void test_unverified(const struct providers *list)
{
	const char *const days[] = { "2026-01-01", "2026-11-29", "2028-01-01" };

	for (size_t d = 0; d < sizeof(days) / sizeof(days[0]); d++) {
		struct field_list all = providers_all(list, moment(days[d]), arena);
		const struct provider *p = all.items;

		for (size_t i = 0; i < all.n; i++)
			test_cautious(&p[i]);
	}
}

/* --- files ------------------------------------------------------------------------------------ */

static void test_shipped(void)
{
	static const char *const ids[] = {
		"strava", "google-health", "fitbit", "garmin", "whoop", "coros", "oura", "polar", "withings",
		"wahoo", "suunto", "custom",
	};
	struct err err;
	const struct providers *list = providers_read(arena, "", &err);
	int64_t now = moment("2026-11-29");

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct provider p = at(list, ids[i], now);

		is_int(provider_open(&p, now, &err), strcmp(ids[i], "fitbit") != 0 && strcmp(ids[i], "custom") != 0,
		       "it can be connected, or not");
		if (str_eq(ids[i], "fitbit"))
			is_str(err.message, "Fitbit ended on 2026-11-02; its successor is google-health", "why not");
		if (str_eq(ids[i], "custom"))
			is_str(err.reason, "not_configured", "why not");
	}
	test_unverified(list);
	struct provider p = at(list, "strava", moment("2027-01-03"));
	is_str(p.api_url, "https://www.strava.com/api/v3", "a value with a date, the day before");
	is_int(p.starts_on, TIME_NONE, "and the row is as old as before");
	p = at(list, "strava", moment("2027-01-04"));
	is_str(p.api_url, "https://api-v3.strava.com/api/v3", "and on that day");
	is_int(p.starts_on, TIME_NONE, "  ");
	is_str(p.token_url, "https://www.strava.com/oauth/token", "the rest stays");
	p = at(list, "fitbit", moment("2026-11-01"));
	ok(provider_open(&p, moment("2026-11-01"), &err), "Fitbit on its last day");
	p = at(list, "polar", now);
	is_int(provider_refresh_of(&p), REFRESH_NONE, "words have a meaning");
	is_int(p.margin, 300, "a margin that is not there");
	p = at(list, "wahoo", now);
	is_int(provider_keepalive_of(&p), KEEPALIVE_NO, "  ");
	is_int(provider_replay_of(&p), REPLAY_SAFE_UNTIL_USED, "  ");
	ok(!provider_get(list, "nobody", now, &p, &err) && err.kind == ERR_NOT_FOUND, "one that is not there");
}

static void test_own(void)
{
	struct err err = { 0 };
	const struct providers *list = with(
		"{ \"providers\": [\n"
		"  { \"id\": \"acme\", \"title\": \"ACME\", \"authorize_url\": \"https://acme.example/a\",\n"
		"    \"token_url\": \"https://acme.example:65535/t?x={user}\", \"refresh\": \"same\",\n"
		"    \"budgets\": [ \"5/300s\" ], \"starts_on\": \"2026-12-01T00:00:00Z\" },\n"
		"  { \"id\": \"acme\", \"starts_on\": \"2027-12-01T00:00:00Z\", \"refresh\": \"extends\", \"title\": null },\n"
		"  { \"id\": \"strava\", \"scopes\": [ \"read_all\" ], \"margin\": 60 },\n"
		"  { \"id\": \"custom\", \"authorize_url\": \"https://own.example/a\", \"token_url\": \"https://own.example/t\" }\n"
		"] }\n", &err);
	int64_t now = moment("2026-12-02");
	struct provider p;

	if (!ok(list != NULL, "a file of one's own"))
		printf("# %s\n", err.message);
	p = at(list, "acme", now);
	is_int(provider_refresh_of(&p), REFRESH_SAME, "a provider that no C knows");
	ok(provider_open(&p, now, &err), "can be connected");
	is_int(provider_replay_of(&p), REPLAY_LETHAL, "what it does not say is cautious");
	ok(!provider_get(list, "acme", moment("2026-11-30"), &p, &err), "not before it starts");
	p = at(list, "acme", moment("2028-01-01"));
	is_int(provider_refresh_of(&p), REFRESH_EXTENDS, "a later value");
	is_str(p.title, "acme", "null takes one away: people read the id");
	p = at(list, "strava", now);
	is_str(strings_join(arena, p.scopes, " "), "read_all", "a shipped row is changed");
	is_str(p.title, "Strava", "in what is named alone");
	p = at(list, "custom", now);
	ok(provider_open(&p, now, &err), "custom needs two addresses");
	is_int((int64_t)providers_all(list, now, arena).n, 13, "all of them");
	is_int((int64_t)providers_all(list, moment("2026-11-30"), arena).n, 12, "that have begun");
}

#define ENTRY(more) "{ \"providers\": [\n { \"id\": \"acme\",\n  \"token_url\": \"https://a.example/t\", " \
	"\"refresh\": \"same\",\n" more "\n } ] }"

static const struct { const char *text, *says; } bad[] = {
	{ "", "line 1 is not JSON: it ends too early" },
	{ "{ \"providers\": [\n\n  { 'id': 1 } ] }", "line 3 is not JSON: a name in double quotes" },
	{ "{ \"providers\": [ ],\n \"providers\": [] }", "line 2 has the same name twice" },
	{ "[]", "line 1: the file is an object" },
	{ "{}", "line 1: \"providers\" is a list" },
	{ "{\n\"providers\": {} }", "line 2: \"providers\" is a list" },
	{ "{ \"providers\": [],\n \"provider\": [] }", "line 2: the only member beside is \"providers\"" },
	{ "{ \"providers\": [\n 1 ] }", "line 2: an entry is an object" },
	{ "{ \"providers\": [\n {} ] }", "line 2: id is required" },
	{ "{ \"providers\": [ {\n \"id\": \"Acme\" } ] }", "line 2: id is made of" },
	{ ENTRY("\"colour\": \"red\""), "line 4: Unknown field \"colour\"" },
	{ ENTRY("\n\"replay\": \"harmless\""), "line 5: replay must be one of: lethal, safe_until_used, safe" },
	{ ENTRY("\"keepalive\": \"with_call\""), "line 4: keepalive must be one of: no, yes" },
	{ ENTRY("\"margin\": \"60\""), "line 4: margin must be a whole number" },
	{ ENTRY("\"margin\": 0"), "line 4: margin must be from 1" },
	{ ENTRY("\"api_url\": \"http://a.example\""), "line 4: api_url must be https" },
	{ ENTRY("\"api_url\": \"https://\""), "line 4: api_url must be https" },
	{ ENTRY("\"api_url\": \"https://u:p@a.example/\""), "line 4: api_url must be https" },
	{ ENTRY("\"api_url\": \"https://a.example/ x\""), "line 4: api_url must be https" },
	{ ENTRY("\"api_url\": \"https://a.example/#x\""), "line 4: api_url must be https" },
	{ ENTRY("\"api_url\": \"https://a.example/\""), "line 4: api_url must be https://HOST[:PORT][/PATH] with a path" },
	{ ENTRY("\"api_url\": \"https://a.example/v1?x=1\""), "line 4: api_url must be https" },
	{ ENTRY("\"api_url\": \"https://a.example/a;return\""), "line 4: api_url must be https" },
	{ ENTRY("\"api_url\": \"https://a.example/$uri\""), "line 4: api_url must be https" },
	{ ENTRY("\"api_url\": \"https://a.example/a/../b\""), "line 4: api_url must be https" },
	{ ENTRY("\"api_url\": \"https://A.example\""), "line 4: api_url must be https" },
	{ ENTRY("\"api_url\": \"https://a.example:/\""), "line 4: api_url must be https" },
	{ ENTRY("\"api_url\": \"https://a.example:0/v1\""), "line 4: api_url must be https" },
	{ ENTRY("\"api_url\": \"https://a.example:65536\""), "line 4: api_url must be https://HOST[:PORT][/PATH] with a "
	  "host in lower case and a port from 1 to 65535" },
	{ ENTRY("\"revoke_url\": \"https://a.example:99999999999999999999/r\""), "line 4: revoke_url must be https" },
	{ ENTRY("\"api_url\": \"https://a.example\\\\@b\""), "line 4: api_url must be https" },
	{ ENTRY("\"token_params\": [ \"x\" ]"), "line 4: token_params takes NAME=VALUE" },
	{ ENTRY("\"token_params\": \"x=1\""), "line 4: token_params must be a list" },
	{ ENTRY("\"budgets\": [ \"many/day\" ]"), "line 4: budgets takes" },
	{ ENTRY("\"starts_on\": \"tomorrow\""), "line 4: starts_on must be a time" },
	{ ENTRY("\"starts_on\": \"2027-01-01T00:00:00Z\",\n\"retired_on\": \"2026-01-01T00:00:00Z\""),
	  "line 5: retired_on must be later" },
	{ ENTRY("\"ok_field\": \"status\""), "line 4: ok_field and ok_value go together" },
	{ ENTRY("\"revoke_url\": \"https://a.example/r\""), "line 4: revoke_url needs revoke_method" },
	{ ENTRY("\"revoke_url\": \"https://a.example/r\", \"revoke_method\": \"DELETE\",\n\"revoke_auth\": \"body\""),
	  "line 5: revoke_auth body needs revoke_method POST" },
	{ ENTRY("\"revoke_url\": \"https://a.example/r\", \"revoke_method\": \"POST\",\n\"revoke_auth\": \"body\" },\n"
		"{ \"id\": \"acme\", \"starts_on\": \"2027-01-01T00:00:00Z\",\n\"revoke_method\": \"GET\""),
	  "line 6: revoke_auth body needs revoke_method POST" },
	{ ENTRY("\"refresh\": null"), "line 4 has the same name twice" },
	{ "{ \"providers\": [\n {\n\"id\": \"acme\", \"token_url\": \"https://a.example/t\" } ] }",
	  "line 3: token_url needs refresh" },
	{ "{ \"providers\": [\n { \"id\": \"strava\",\n\"refresh\": null } ] }", "line 2: token_url needs refresh" },
	/* sound from 2027 on, and not before */
	{ ENTRY("\"title\": \"A\" },\n { \"id\": \"acme\", \"starts_on\": \"2027-01-01T00:00:00Z\", "
		"\"revoke_method\": \"POST\",\n \"revoke_auth\": \"none\" },\n { \"id\": \"acme\",\n"
		"\"revoke_url\": \"https://a.example/r\""), "line 8: revoke_url needs revoke_method" },
};

static void test_mistakes(void)
{
	static const char *const budgets[] = {
		"1/minute", "200/quarter", "read 100/hour", "user 300/day", "token 5000/300s",
	};
	static const char *const no_budgets[] = {
		"", "/", "1/", "/day", "0/day", "-1/day", "1/week", "1/0s", "1/s", "x 1/day", "read  1/day", "1/1x", "1 /day",
		"99999999999999999999999/day", "1/99999999999999s",
	};
	struct provider_budget b;
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok(!with(bad[i].text, &err) && err.kind == ERR_CONFIG, "a mistake: %s", bad[i].says);
		if (!ok(strstr(err.message, bad[i].says) && strstr(err.message, path), "is named with its line"))
			printf("#   %s\n", err.message);
		is_str(err.field, "PROVIDERS_FILE", "and the option");
	}
	ok(!providers_read(arena, "/nonexistent/p.json", &err) && strstr(err.message, "/nonexistent/p.json"),
	   "a file that is not there");
	ok(!providers_read(arena, "/tmp", &err) && err.kind == ERR_CONFIG, "a directory");
	for (size_t i = 0; i < sizeof(budgets) / sizeof(budgets[0]); i++)
		ok(provider_budget_read(budgets[i], &b) && b.limit > 0 && b.window > 0, "%s", budgets[i]);
	is_str(b.of, "token", "whose");
	is_int(b.window, 300, "in seconds");
	for (size_t i = 0; i < sizeof(no_budgets) / sizeof(no_budgets[0]); i++)
		ok(!provider_budget_read(no_budgets[i], &b), "no budget: %s", no_budgets[i]);
}

int main(void)
{
	int fd = mkstemp(path);

	arena = arena_new();
	test_shipped();
	test_own();
	test_mistakes();
	arena_free(&arena);
	close(fd);
	unlink(path);
	return tap_done();
}
