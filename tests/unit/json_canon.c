/*
 * tests/unit/json_canon.c - JSON objects as fields: each has one text, as a client wrote
 * it and as a database gives it back.
 */
#include "config.h"

#include <string.h>

#include "http/json.h"
#include "http/json_canon.h"
#include "tap.h"

struct thing {
	const char *data;
};
static const struct field fields[] = {
	FIELD(struct thing, data, JSON, FIELD_REQUIRED, "Anything", .max = 64),
	{ 0 },
};
static const struct field_schema schema = FIELD_SCHEMA("Thing", struct thing, fields);
static struct arena *arena;
static struct err err;

static const struct {
	const char *text, *canonical;
} rows[] = {
	{ "{}", "{}" }, { " { } ", "{}" },
	{ "{\"b\":1,\"a\":2}", "{\"a\":2,\"b\":1}" },
	{ "{\"b\":{\"d\":[1, 2],\"c\":null},\"B\":true}", "{\"B\":true,\"b\":{\"c\":null,\"d\":[1,2]}}" },
	{ "{\"aa\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"aa\":1,\"b\":2}" },
	{ "{\"\\u00fc\":1,\"z\":2}", "{\"z\":2,\"\303\274\":1}" },
	{ "{\"a\":\"\\u0041\\/\\n\"}", "{\"a\":\"A/\\n\"}" },
	{ "{\"a\":[1.0,1e2,-0.0,120e-1]}", "{\"a\":[1,100,0,12]}" },
	{ "{\"a\":[1.5,0.1,1e-7,1E+300]}", "{\"a\":[1.5,0.1,1e-7,1e300]}" },
	{ "{\"a\":[0.000001,-1.5e-6,0.0000001,0.00000025]}", "{\"a\":[0.000001,-0.0000015,1e-7,2.5e-7]}" },
	{ "{\"a\":[4.94065645841247e-324,5.960464477539063e-8]}", "{\"a\":[5e-324,5.960464477539063e-8]}" },
	{ "{\"a\":[-123.4560e-1,1e19,9223372036854775808e0]}", "{\"a\":[-12.3456,1e19,9.223372036854776e18]}" },
	{ "{\"a\":[9007199254740993.5,1234567890123456789.5]}", "{\"a\":[9007199254740994,1234567890123456768]}" },
	{ "{\"a\":[0.30000000000000004,0.30000000000000000]}", "{\"a\":[0.30000000000000004,0.3]}" },
	{ "{\"a\":9223372036854775807}", "{\"a\":9223372036854775807}" },
	{ "{\"a\":-9223372036854775808}", "{\"a\":-9223372036854775808}" },
	{ "{\"a\":9007199254740993.0}", "{\"a\":9007199254740993}" },
	{ "{\"a\":[true,false,null,\"true 1.0\"]}", "{\"a\":[true,false,null,\"true 1.0\"]}" },
};

static const char *read_thing(const char *data)
{
	const char *text = arena_printf(arena, "{\"data\":%s}", data);
	struct thing t;

	err = (struct err){ 0 };
	return json_read(text, strlen(text), &schema, arena, &t, NULL, &err) ? t.data : NULL;
}

static const char *given_back(const char *text)
{
	struct strbuf b = { .arena = arena };

	json_canon_text(&b, text);
	return b.s;
}

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *got = read_thing(rows[i].text);

		is_str(got, rows[i].canonical, rows[i].text);
		is_str(given_back(rows[i].canonical), rows[i].canonical, "  is its own canonical form");
		is_str(given_back(rows[i].text), rows[i].canonical, "  and that of the other spelling");
	}
}

/* As PostgreSQL gives back what is JSONB (15, measured). */
static void test_jsonb(void)
{
	struct strbuf b = { .arena = arena };

	strbuf_adds(&b, "{\"a\": 1");
	for (int i = 0; i < 300; i++)
		strbuf_adds(&b, "0");
	strbuf_adds(&b, ", \"b \\\" 12.0 ]\": 1.50}");
	is_str(given_back(b.s), "{\"a\":1e300,\"b \\\" 12.0 ]\":1.5}", "numbers that are written out, not in strings");
	is_str(given_back("[1]"), "{}", "no object");
}

static void test_refused(void)
{
	static const char *const wrong[] = { "[]", "1", "\"{}\"", "true" };
	static const char *const beyond[] = { "{\"a\":9223372036854775808}", "{\"a\":[1,{\"b\":1e400}]}", "{\"a\":1e-400}",
		"[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]" };
	struct strbuf b = { .arena = arena };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(!read_thing(wrong[i]) && err.kind == ERR_INVALID && !strcmp(err.field, "data"), "%s is no object", wrong[i]);
	ok(read_thing(arena_printf(arena, "{\"a\":\"%056d\"}", 0)) != NULL, "64 bytes");
	ok(!read_thing(arena_printf(arena, "{\"a\":\"%057d\"}", 0)) && err.kind == ERR_RANGE, "65 bytes");
	ok(read_thing(arena_printf(arena, "{\"a\":   \"%056d\"   }", 0)) != NULL, "64 bytes, and blanks");
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
		ok(!read_thing(beyond[i]) && err.kind == ERR_RANGE && !strcmp(err.field, "data"), "%s is beyond", beyond[i]);
	strbuf_adds(&b, "{\"a\":[");
	for (int i = 0; i < 1000; i++)
		strbuf_adds(&b, i ? ",{\"x\":1}" : "{\"x\":1}");
	strbuf_adds(&b, "]}");
	ok(!read_thing(b.s) && err.kind == ERR_RANGE && strstr(err.message, "1000 members"), "1001 members");
}

int main(void)
{
	arena = arena_new();
	test_rows();
	test_jsonb();
	test_refused();
	arena_free(&arena);
	return tap_done();
}
