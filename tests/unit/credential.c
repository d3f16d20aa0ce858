/*
 * tests/unit/credential.c - which credential a request presents (resource/guard.h),
 * which requests present two; and what each kind's row must say.
 */
#include "config.h"

#include "op/cache.h"
#include "resource/guard.h"
#include "shm/segment_private.h"
#include "tap.h"

#define KEY "pk_live_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_2 "pk_live_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB"   /* the same length */
#define TOKEN "pat_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const struct {
	const char *authorization, *api_key;   /* NULL: not sent */
	const char *text;                      /* NULL: refused for this reason */
	const struct credential_kind *kind;
	const char *reason;
} rows[] = {
	{ NULL, NULL, NULL, NULL, "missing" },
	{ "", "", NULL, NULL, "missing" },
	{ "Basic dXNlcjpwdw==", NULL, NULL, NULL, "missing" },
	{ "Bearer", NULL, NULL, NULL, "missing" },
	{ "Bearer   ", NULL, NULL, NULL, "missing" },
	{ "Bearer " KEY, NULL, KEY, &credential_key, NULL },
	{ "bEARER  " KEY "  ", NULL, KEY, &credential_key, NULL },
	{ KEY, NULL, KEY, &credential_key, NULL },
	{ "Bearer " TOKEN, NULL, TOKEN, &credential_session, NULL },
	{ TOKEN, NULL, NULL, NULL, "missing" },
	{ NULL, KEY, KEY, &credential_key, NULL },
	{ NULL, TOKEN, TOKEN, &credential_key, NULL },
	{ "Basic dXNlcjpwdw==", KEY, KEY, &credential_key, NULL },
	{ "Bearer ", KEY, KEY, &credential_key, NULL },
	{ "Bearer " KEY, KEY, KEY, &credential_key, NULL },
	{ KEY, KEY, KEY, &credential_key, NULL },
	{ "Bearer " KEY_2, KEY, NULL, NULL, "ambiguous" },
	{ "Bearer " KEY, KEY_2, NULL, NULL, "ambiguous" },
	{ KEY_2, KEY, NULL, NULL, "ambiguous" },
	{ "Bearer " KEY "A", KEY, NULL, NULL, "ambiguous" },
	{ "Bearer " KEY, KEY "A", NULL, NULL, "ambiguous" },
	{ "Bearer " TOKEN, KEY, NULL, NULL, "ambiguous" },
};

static void test_row(struct arena *arena, size_t i)
{
	const char *name = arena_printf(arena, "%s | %s", rows[i].authorization ? rows[i].authorization : "-",
					rows[i].api_key ? rows[i].api_key : "-");
	char *env[3] = { NULL };
	struct params params;
	struct request req = { .arena = arena, .params = &params };
	struct credential_text c = { 0 };
	struct err err = { 0 };
	size_t n = 0;
	bool got;

	if (rows[i].authorization)
		env[n++] = arena_printf(arena, "HTTP_AUTHORIZATION=%s", rows[i].authorization);
	if (rows[i].api_key)
		env[n++] = arena_printf(arena, "HTTP_X_API_KEY=%s", rows[i].api_key);
	params_index(&params, env);
	got = guard_presented(&req, &c, &err);
	ok(got == !rows[i].reason, "%s", name);
	if (got)
		ok(strcmp(c.text, rows[i].text) == 0 &&
		   (c.kind ? c.kind : credential_kind_of(c.text)) == rows[i].kind, "  what it is");
	else
		is_str(err.reason, rows[i].reason, "  why not");
}

/* --- the rows of kinds ----------------------------------------------------------- */

static bool has_limits(const struct credential_kind *k)
{
	size_t n = 0;

	for (size_t i = 0; i < WINDOW__COUNT; i++)
		n += k->limits[i] != NULL;
	return n == 0 || n == WINDOW__COUNT;
}

static bool is_whole(const struct credential_kind *k)
{
	return k->name && k->title && k->letter && k->letter != 'u' && k->prefix && *k->prefix &&
	       k->opens && k->name_of && k->look_up && k->matches && has_limits(k) &&
	       k->unknown && k->revoked && k->expired;
}

/* No text is of two kinds, and no two share what is shared by letter. */
static bool are_apart(const struct credential_kind *a, const struct credential_kind *b)
{
	return a->letter != b->letter && strcmp(a->name, b->name) != 0 &&
	       !str_starts(a->prefix, b->prefix) && !str_starts(b->prefix, a->prefix) &&
	       (!a->param || !b->param || strcmp(a->param, b->param) != 0);
}

/* Two of one header might be read as one of them here, and as the other elsewhere. */
static bool is_taken(struct arena *arena, const char *param, bool twice)
{
	char *one = arena_printf(arena, "%s=x", param);
	char *env[] = { (char[]){ "FCGI_ROLE=RESPONDER" }, (char[]){ "REQUEST_METHOD=GET" },
			(char[]){ "REQUEST_URI=/verify" }, (char[]){ "SERVER_PROTOCOL=HTTP/1.1" },
			(char[]){ "PIERRE_END=1" }, one, twice ? one : NULL, NULL };
	struct request req;
	struct err err;

	return request_init(&req, arena, env, &err);
}

static void test_kinds(struct arena *arena)
{
	size_t n = 0;

	for (; credential_kinds[n]; n++) {
		const struct credential_kind *k = credential_kinds[n];

		ok(is_whole(k), "%s: the row is whole", k->name);
		is_str(credential_words[n], k->name, "its word is its name");
		ok(!k->param || (is_taken(arena, k->param, false) && !is_taken(arena, k->param, true)),
		   "its header is taken once, not twice");
		for (size_t i = 0; i < n; i++)
			ok(are_apart(k, credential_kinds[i]), "apart from %s", credential_kinds[i]->name);
	}
	ok(n >= 2 && !credential_words[n], "all %zu", n);
	ok(!credential_kind_of("junk") && !credential_kind_of("pk") && !credential_kind_of(""), "of no kind");
}

/* The segment is kept when the program is another one: what it reads there must be what
 * it would write. A change of these fields raises SEGMENT_LAYOUT, and is written here. */
static void test_kept(struct arena *arena)
{
	const struct field_schema *schemas[] = { &cache_schema, &owner_schema };
	struct strbuf b = { .arena = arena };
	size_t kept = 0;

	for (const struct field *f = cache_schema.fields; f->name; f++)
		kept += f->type == FIELD_STRINGS ? sizeof(struct strings) : sizeof(int64_t);   /* a bool with its padding */
	is_int((int64_t)kept, (int64_t)(sizeof(struct credential) - 2 * sizeof(void *)),
	       "all of a credential is kept, but its kind and owner");
	for (size_t i = 0; i < 2; i++)
		for (const struct field *f = schemas[i]->fields; f->name; f++) {
			strbuf_adds(&b, f->name);
			strbuf_adds(&b, f->type == FIELD_BOOL ? "?" : f->type == FIELD_STRINGS ? "[]" : f->type == FIELD_INT || f->type == FIELD_TIME ? "#" : "");
			strbuf_adds(&b, f[1].name ? " " : i == 0 ? "; " : "");
		}
	is_int(SEGMENT_LAYOUT, 11, "layout 11 of the segment has packed credentials of these fields");
	is_str(b.s, "id key_id session_id token_id tenant_id tenant.is_active? tenant.may# tenant.requests# tenant.window# "
	       "tenant.observe? tier scopes[] opens_rest? allowed_cidrs[] all_scopes? secret_hash quota.requests# quota.window# quota.id "
	       "quota.observe? expires_at# revoked_at# is_active?; id email display_name tier user_status role is_admin?", "these fields");
}

int main(void)
{
	struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		test_row(arena, i);
	test_kinds(arena);
	test_kept(arena);
	arena_free(&arena);
	return tap_done();
}
