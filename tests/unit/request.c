/*
 * tests/unit/request.c - what nginx may hand us, and query strings.
 */
#include "config.h"

#include "base/str.h"
#include "http/request.h"
#include "tap.h"

#define BASE "FCGI_ROLE=RESPONDER", "REQUEST_METHOD=GET", "REQUEST_URI=/a/b?x=1&y", \
	"SERVER_PROTOCOL=HTTP/1.1", "PIERRE_END=1"

static struct arena *arena;

static bool make(struct request *r, char **params, struct err *err)
{
	*err = (struct err){ 0 };
	return request_init(r, arena, params, err);
}

static void test_good(void)
{
	char *params[] = { BASE, "CONTENT_LENGTH=12", "CONTENT_TYPE=application/json",
		"REMOTE_ADDR=192.0.2.1", "REQUEST_ID=0123456789abcdef0123456789abcdef",
		"HTTP_X_API_KEY=k", "HTTP_EMPTY=", "HTTP_USER_AGENT=curl/8", NULL };
	struct request r;
	struct err err;
	ok(make(&r, params, &err), "a good request");
	is_int(r.method, HTTP_GET, "method");
	is_str(r.method_text, "GET", "its text");
	is_str(r.path, "/a/b", "path");
	is_str(r.query, "x=1&y", "query");
	is_str(r.request_id, "0123456789abcdef0123456789abcdef", "request id");
	is_str(r.remote_addr, "192.0.2.1", "address");
	is_str(r.user_agent, "curl/8", "agent");
	is_str(r.content_type, "application/json", "content type");
	is_int((int64_t)r.content_length, 12, "content length");
	is_str(r.body, "", "no body yet");
	is_str(request_param(&r, "HTTP_X_API_KEY"), "k", "a parameter");
	is_str(request_param(&r, "HTTP_EMPTY"), NULL, "an empty one is absent");
	is_str(request_param(&r, "HTTP_X_API"), NULL, "the whole name counts");
	is_str(request_param(&r, "HTTP_X_API_KEY_"), NULL, "not more of it");
	params[0] = params[1] = params[2] = "GONE=1";
	is_str(r.path, "/a/b", "nothing points at the caller's parameters");
}

static void test_methods(void)
{
	static const char *const names[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE",
		"OPTIONS", "TRACE", "get", "GETX" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *params[] = { BASE, NULL };
		struct request r;
		struct err err;
		params[1] = arena_printf(arena, "REQUEST_METHOD=%s", names[i]);
		ok(make(&r, params, &err), "%s", names[i]);
		is_int(r.method, i + 1 < HTTP_OTHER ? (int64_t)i + 1 : HTTP_OTHER, "  method");
	}
}

struct bad_case {
	int replaced;          /* index in BASE, -1 = none */
	const char *with;      /* NULL: left out */
	const char *more[2];
	const char *sentence;  /* part of it */
};

static const struct bad_case bad[] = {
	{ 0, "FCGI_ROLE=AUTHORIZER", { 0 }, "RESPONDER" },
	{ 0, "X=1", { 0 }, "RESPONDER" },
	{ 1, "X=1", { 0 }, "No REQUEST_METHOD" },
	{ 1, "REQUEST_METHOD=", { 0 }, "No REQUEST_METHOD" },
	{ 2, "X=1", { 0 }, "No REQUEST_URI" },
	{ 3, "X=1", { 0 }, "No SERVER_PROTOCOL" },
	{ 4, "X=1", { 0 }, "fastcgi_param PIERRE_END 1 must be the last one" },
	{ 4, "PIERRE_END=0", { 0 }, "PIERRE_END" },
	{ 4, "PIERRE_END=11", { 0 }, "PIERRE_END" },
	{ 2, "REQUEST_URI=a/b", { 0 }, "'/'" },
	{ 2, "REQUEST_URI=*", { 0 }, "'/'" },
	{ 2, "REQUEST_URI=http://h/", { 0 }, "'/'" },
	{ 2, "REQUEST_URI=?x", { 0 }, "'/'" },
	{ -1, NULL, { "HTTP_AUTHORIZATION=a", "HTTP_AUTHORIZATION=a" }, "The header Authorization came twice" },
	{ -1, NULL, { "HTTP_AUTHORIZATION=a", "HTTP_AUTHORIZATION=" }, "twice" },
	{ -1, NULL, { "HTTP_X_API_KEY=a", "HTTP_X_API_KEY=b" }, "The header X-API-Key came twice" },
	{ -1, NULL, { "CONTENT_TYPE=a", "CONTENT_TYPE=b" }, "The header Content-Type came twice" },
	{ -1, NULL, { "CONTENT_LENGTH=1", "CONTENT_LENGTH=1" }, "The header Content-Length came twice" },
	{ -1, NULL, { "HTTP_CONTENT_LENGTH=1", "HTTP_CONTENT_LENGTH=2" }, "The header Content-Length came twice" },
	{ -1, NULL, { "HTTP_HOST=a", "HTTP_HOST=b" }, "The header Host came twice" },
	{ -1, NULL, { "HTTP_IDEMPOTENCY_KEY=a", "HTTP_IDEMPOTENCY_KEY=b" },
	  "The header Idempotency-Key came twice" },
	{ -1, NULL, { "REMOTE_ADDR=a", "REMOTE_ADDR=b" }, "The FastCGI parameter REMOTE_ADDR came twice" },
	{ -1, NULL, { "REQUEST_URI=/admin" }, "The FastCGI parameter REQUEST_URI came twice" },
	{ -1, NULL, { "CONTENT_LENGTH=-1" }, "Content-Length" },
	{ -1, NULL, { "CONTENT_LENGTH=-0" }, "Content-Length" },
	{ -1, NULL, { "CONTENT_LENGTH=+1" }, "Content-Length" },
	{ -1, NULL, { "CONTENT_LENGTH=1a" }, "Content-Length" },
	{ -1, NULL, { "CONTENT_LENGTH=0x10" }, "Content-Length" },
	{ -1, NULL, { "CONTENT_LENGTH= 1" }, "Content-Length" },
	{ -1, NULL, { "CONTENT_LENGTH=1.0" }, "Content-Length" },
	{ -1, NULL, { "CONTENT_LENGTH=1073741825" }, "Content-Length" },
	{ -1, NULL, { "CONTENT_LENGTH=99999999999999999999" }, "Content-Length" },
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *params[8] = { BASE };
		struct request r;
		struct err err;
		if (bad[i].replaced >= 0)
			params[bad[i].replaced] = arena_strdup(arena, bad[i].with);
		for (int k = 0; k < 2; k++)
			params[5 + k] = arena_strdup(arena, bad[i].more[k]);
		ok(!make(&r, params, &err) && err.kind == ERR_MALFORMED, "refused: %s %s",
		   bad[i].with ? bad[i].with : "", bad[i].more[0] ? bad[i].more[0] : "");
		if (!ok(strstr(err.message, bad[i].sentence) != NULL, "  says why"))
			printf("# %s\n", err.message);
		ok(r.path && r.method_text && r.request_id && *r.request_id && r.query && r.params,
		   "  what the log needs is there");
	}
}

static void test_lengths(void)
{
	static const struct { char *param; int64_t length; } good[] = {
		{ "CONTENT_LENGTH=", 0 }, { "CONTENT_LENGTH=0", 0 }, { "CONTENT_LENGTH=007", 7 },
		{ "CONTENT_LENGTH=1073741823", 1073741823 }, { "CONTENT_LENGTH=1073741824", 1073741824 },
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char *params[] = { BASE, good[i].param, NULL };
		struct request r;
		struct err err;
		ok(make(&r, params, &err), "%s", good[i].param);
		is_int((int64_t)r.content_length, good[i].length, "  length");
	}
}

/* limit - 1, limit, limit + 1 */
static void test_limits(void)
{
	for (size_t n = PARAMS_MAX - 1; n <= PARAMS_MAX + 1; n++) {
		char *params[PARAMS_MAX + 2] = { BASE };
		struct request r;
		struct err err;
		for (size_t i = 5; i < n; i++)
			params[i] = arena_printf(arena, "HTTP_X%zu=1", i);
		params[n] = NULL;
		ok(make(&r, params, &err) == (n <= PARAMS_MAX), "%zu parameters", n);
		is_str(r.path, "/a/b", "  the log knows the path");
	}
	for (size_t n = PARAMS_BYTES - 1; n <= PARAMS_BYTES + 1; n++) {
		char *params[] = { BASE, NULL, NULL };
		struct request r;
		struct err err;
		size_t used = 0;
		for (int i = 0; i < 5; i++)
			used += strlen(params[i]) + 1;
		params[5] = arena_printf(arena, "A=%0*d", (int)(n - used - 3), 0);
		ok(make(&r, params, &err) == (n <= PARAMS_BYTES), "%zu bytes", n);
	}
}

static void test_request_id(void)
{
	static const struct { const char *id; bool kept; } ids[] = {
		{ "a", true }, { "Z-9", true }, { "1234567890123456789", true },
		{ "0123456789abcdef0123456789abcdef", true },         /* nginx's own */
		{ "0123abcd-89AB-cdef-0123-456789abcdef", true },
		/* the shape of a secret */
		{ "12345678901234567890", false }, { "aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB", false },
		{ "0123456789abcdef0123456789abcdef0", false },
		{ "123456789012345678901234567890123456789", false },
		{ "1234567890123456789012345678901234567890", false },
		{ "", false }, { "a b", false },
		{ "a\n", false }, { "a=b", false }, { "a_b", false }, { "\xc3\xa9", false },
	};
	const char *last = "";
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		char *params[] = { BASE, arena_printf(arena, "REQUEST_ID=%s", ids[i].id), NULL };
		struct request r;
		struct err err;
		make(&r, params, &err);
		ok(str_eq(r.request_id, ids[i].id) == ids[i].kept, "request id %zu %s", i,
		   ids[i].kept ? "kept" : "replaced");
		if (ids[i].kept)
			continue;
		is_int((int64_t)strspn(r.request_id, "0123456789abcdef"), 32, "  by 32 hex digits");
		ok(!str_eq(r.request_id, last), "  a new one each time");
		last = r.request_id;
	}
}

static void test_user_agent(void)
{
	char *params[] = { BASE, NULL, NULL };
	struct request r;
	struct err err;
	char *filler = arena_alloc(arena, 255);
	memset(filler, '/', 254);
	filler[254] = '\0';
	params[5] = arena_printf(arena, "HTTP_USER_AGENT=%s%s", filler, filler);
	make(&r, params, &err);
	is_int((int64_t)strlen(r.user_agent), 256, "an agent is cut at 256 bytes");
	params[5] = arena_printf(arena, "HTTP_USER_AGENT=%s\xe2\x82\xac", filler);
	make(&r, params, &err);
	is_int((int64_t)strlen(r.user_agent), 254, "not inside a character");
	params[5] = arena_printf(arena, "HTTP_USER_AGENT=%.240spk_live_%0100d", filler, 0);
	make(&r, params, &err);
	is_str(r.user_agent + 240, "pk_live_...", "masked before it is cut");
	params[5] = "HTTP_USER_AGENT=a\x01\xc3\xa9\x7f";
	make(&r, params, &err);
	is_str(r.user_agent, "a?\xc3\xa9?", "controls are replaced");
	params[5] = "HTTP_USER_AGENT=a\xc3(";
	make(&r, params, &err);
	is_str(r.user_agent, "a?(", "and what is not UTF-8");
	params[5] = NULL;
	make(&r, params, &err);
	is_str(r.user_agent, "", "no agent is an empty one");
}

struct query {
	const char *a, *b;
	int64_t limit, from;
	bool all;
	struct strings words;
};
static const char *const ab_words[] = { "one", "two", NULL };
static const struct field query_fields[] = {
	FIELD(struct query, a, TEXT, 0, NULL),
	FIELD(struct query, b, TEXT, 0, NULL, .values = ab_words),
	FIELD(struct query, limit, INT, 0, NULL, .min = 1, .max = 200),
	FIELD(struct query, from, TIME, 0, NULL),
	FIELD(struct query, all, BOOL, 0, NULL),
	FIELD(struct query, words, STRINGS, 0, NULL, .max = 2),
	{ 0 },
};
static const struct field_schema query_schema =
	FIELD_SCHEMA("Query", struct query, query_fields);

/* What ?a= is read as. */
static const struct query_case {
	const char *query, *value;   /* value NULL: absent */
	bool bad;
} queries[] = {
	{ "", NULL, false }, { "a=1", "1", false }, { "a=1&b=two", "1", false },
	{ "b=two&a=1", "1", false }, { "a", "", false }, { "a=", "", false }, { "b=one", NULL, false },
	{ "&&a=1&", "1", false }, { "a=x%20y+z", "x y z", false },
	{ "a=%2B", "+", false }, { "%61=1", "1", false }, { "a=b=c", "b=c", false },
	{ "a=%C3%a9", "\xc3\xa9", false }, { "a=%2525", "%25", false },
	{ "a=1;b=2", "1;b=2", false }, { "A=1", NULL, true }, { "=1", NULL, true },
	{ "a=1&a=1", NULL, true }, { "a=1&%61=2", NULL, true }, { "a&a", NULL, true },
	{ "a=%", NULL, true }, { "a=%4", NULL, true }, { "a=%zz", NULL, true },
	{ "a=%4&b=one", NULL, true }, { "a=%00", NULL, true }, { "a=%0a", NULL, true },
	{ "a=%ff", NULL, true }, { "a=%c3", NULL, true }, { "a=%ed%a0%80", NULL, true },
	{ "a=\xff", NULL, true }, { "%zz=1&a=1", NULL, true }, { "%ff=1", NULL, true },
	{ "a=% 1", NULL, true }, { "a=%+1", NULL, true }, { "b=three", NULL, true },
};

/* By its row: what is refused, and with which sentence. */
static const struct {
	const char *query;
	enum err_kind kind;
	const char *field, *sentence;
} rows[] = {
	{ "limit=1", ERR_NONE, NULL, NULL }, { "limit=200", ERR_NONE, NULL, NULL },
	{ "limit=0", ERR_RANGE, "limit", "limit must be from 1 to 200" },
	{ "limit=201", ERR_RANGE, "limit", NULL }, { "limit=", ERR_RANGE, "limit", NULL },
	{ "limit=1x", ERR_RANGE, "limit", "limit must be a number from 1 to 200" },
	{ "b=three", ERR_INVALID, "b", "b must be one of: one, two" },
	{ "all=true", ERR_NONE, NULL, NULL }, { "all=false", ERR_NONE, NULL, NULL },
	{ "all=yes", ERR_INVALID, "all", "all must be true or false" },
	{ "from=2026-11-01", ERR_NONE, NULL, NULL },
	{ "from=2026-11-01T00:00:00Z", ERR_NONE, NULL, NULL },
	{ "from=yesterday", ERR_INVALID, "from", NULL },
	{ "words=x,y", ERR_NONE, NULL, NULL },
	{ "words=x,y,z", ERR_RANGE, "words", "words must have from 0 to 2 items" },
	{ "lim%69t=2&Cursor=x", ERR_INVALID, "Cursor", "Unknown query parameter \"Cursor\"" },
	{ "a=1&a=2", ERR_INVALID, "a", "a is there twice" },
};

static void test_rows(void)
{
	struct request r = { .arena = arena };
	struct query q;
	struct err err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r.query = rows[i].query;
		err = (struct err){ 0 };
		request_query(&r, &query_schema, &q, &err);
		is_int(err.kind, rows[i].kind, rows[i].query);
		if (rows[i].field)
			is_str(err.field, rows[i].field, "  field");
		if (rows[i].sentence)
			is_str(err.message, rows[i].sentence, "  sentence");
	}
	r.query = "limit=7&all=true&from=1970-01-02&words=x,y";
	ok(request_query(&r, &query_schema, &q, &err) && q.limit == 7 && q.all && !q.a &&
	   q.from == DAY_MS && q.words.n == 2, "one of every kind");
	r.query = "";
	ok(request_query(&r, &query_schema, &q, &err) && q.limit == INT_NONE && !q.all &&
	   q.from == TIME_NONE && !q.words.items, "none at all");
	ok(request_query(&r, NULL, NULL, &err), "where none is known");
	r.query = "a=1";
	ok(!request_query(&r, NULL, NULL, &err) && str_eq(err.field, "a"), "there any is refused");
}

static void test_query(void)
{
	struct request r = { .arena = arena };
	struct query q;
	struct err err;

	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		const struct query_case *c = &queries[i];
		r.query = c->query;
		err = (struct err){ 0 };
		bool good = request_query(&r, &query_schema, &q, &err);
		ok(good == !c->bad, "%s: ?%s", good ? "taken" : "refused", c->query);
		if (good)
			is_str(q.a, c->value, "  value");
		else
			is_int(err.kind, ERR_INVALID, "  kind");
	}
}

int main(void)
{
	arena = arena_new();
	test_good();
	test_methods();
	test_bad();
	test_lengths();
	test_limits();
	test_request_id();
	test_user_agent();
	test_query();
	test_rows();
	arena_free(&arena);
	return tap_done();
}
