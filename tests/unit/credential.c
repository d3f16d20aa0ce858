/*
 * tests/unit/credential.c - which credential a request presents (resource/guard.h),
 * and which requests present two.
 */
#include "config.h"

#include "resource/guard.h"
#include "tap.h"

#define KEY "pk_live_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_2 "pk_live_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB"   /* the same length */
#define TOKEN "pat_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const struct {
	const char *authorization, *api_key;   /* NULL: not sent */
	const char *text;                      /* NULL: refused for this reason */
	bool is_key;
	const char *reason;
} rows[] = {
	{ NULL, NULL, NULL, false, "missing" },
	{ "", "", NULL, false, "missing" },
	{ "Basic dXNlcjpwdw==", NULL, NULL, false, "missing" },
	{ "Bearer", NULL, NULL, false, "missing" },
	{ "Bearer   ", NULL, NULL, false, "missing" },
	{ "Bearer " KEY, NULL, KEY, true, NULL },
	{ "bEARER  " KEY "  ", NULL, KEY, true, NULL },
	{ KEY, NULL, KEY, true, NULL },
	{ "Bearer " TOKEN, NULL, TOKEN, false, NULL },
	{ TOKEN, NULL, NULL, false, "missing" },
	{ NULL, KEY, KEY, true, NULL },
	{ NULL, TOKEN, TOKEN, true, NULL },
	{ "Basic dXNlcjpwdw==", KEY, KEY, true, NULL },
	{ "Bearer ", KEY, KEY, true, NULL },
	{ "Bearer " KEY, KEY, KEY, true, NULL },
	{ KEY, KEY, KEY, true, NULL },
	{ "Bearer " KEY_2, KEY, NULL, false, "ambiguous" },
	{ "Bearer " KEY, KEY_2, NULL, false, "ambiguous" },
	{ KEY_2, KEY, NULL, false, "ambiguous" },
	{ "Bearer " KEY "A", KEY, NULL, false, "ambiguous" },
	{ "Bearer " KEY, KEY "A", NULL, false, "ambiguous" },
	{ "Bearer " TOKEN, KEY, NULL, false, "ambiguous" },
};

static void test_row(struct arena *arena, size_t i)
{
	const char *name = arena_printf(arena, "%s | %s", rows[i].authorization ? rows[i].authorization : "-",
					rows[i].api_key ? rows[i].api_key : "-");
	char *env[3] = { NULL };
	struct params params;
	struct request req = { .arena = arena, .params = &params };
	struct credential c = { 0 };
	struct err err = { 0 };
	size_t n = 0;
	bool got;

	if (rows[i].authorization)
		env[n++] = arena_printf(arena, "HTTP_AUTHORIZATION=%s", rows[i].authorization);
	if (rows[i].api_key)
		env[n++] = arena_printf(arena, "HTTP_X_API_KEY=%s", rows[i].api_key);
	params_index(&params, env);
	got = guard_credential(&req, &c, &err);
	ok(got == !rows[i].reason, "%s", name);
	if (got)
		ok(strcmp(c.text, rows[i].text) == 0 && c.is_key == rows[i].is_key, "  what it is");
	else
		is_str(err.reason, rows[i].reason, "  why not");
}

int main(void)
{
	struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		test_row(arena, i);
	arena_free(&arena);
	return tap_done();
}
