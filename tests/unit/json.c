/*
 * tests/unit/json.c - the JSON corpus (R21), and reading and writing structs
 * by their field tables.
 */
#include "config.h"

#include <stdlib.h>

#include "http/json.h"
#include "http/rfc3339.h"
#include "tap.h"

struct text_case {
	const char *text;
	size_t n;
	bool good;
};
#define YES(s) { s, sizeof(s) - 1, true }
#define NO(s) { s, sizeof(s) - 1, false }

static const struct text_case corpus[] = {
	/* values alone */
	YES("{}"), YES("[]"), YES("null"), YES("true"), YES("false"), YES("0"), YES("\"\""),
	NO(""), NO(" "), NO("nul"), NO("nulls"), NO("True"), NO("NULL"), NO("undefined"),
	NO("t"), NO("tru e"), NO("-"), NO("+1"), NO("{"), NO("["), NO("\""), NO("]"), NO("}"),
	NO(":"), NO(","), NO("hello"),
	/* white space and bytes around the value */
	YES(" \t\r\n{ \t\r\n} \t\r\n"), YES("[ 1 , 2 ]"), YES("{ \"a\" : 1 , \"b\" : 2 }"),
	NO("{}{}"), NO("{} x"), NO("{}\0"), NO("\0{}"), NO("{}\x0b"), NO("\xa0{}"), NO("{}]"),
	NO("1 2"), NO("{},"), NO("\xef\xbb\xbf{}"), NO("\xfe\xff{}"), NO("{}\xef\xbb\xbf"),
	NO("{}/"), NO("\x0c{}"),
	/* finding 10: what json-c takes although strict */
	NO("{\"a\":1,\"a\":2}"), NO("{\"a\":1,\"\\u0061\":2}"), NO("{\"a\":1,\"b\":2,\"a\":1}"),
	NO("{\"x\":{\"a\":1,\"a\":1}}"), NO("[{\"a\":1,\"a\":1}]"), NO("{\"\":1,\"\":1}"),
	NO("{\"\xc3\xa9\":1,\"\\u00e9\":1}"), NO("{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":1}"),
	NO("{\"\\n\":1,\"\\u000a\":1}"), NO("{\"\xe2\x82\xac\":1,\"\\u20AC\":1}"),
	YES("{\"a\":{\"a\":1},\"b\":{\"a\":1}}"), YES("{\"a\":1,\"A\":1}"),
	YES("[{\"a\":1},{\"a\":1}]"), YES("{\"a\":{\"b\":1},\"b\":1}"),
	NO("{'a':1}"), NO("['a']"), NO("{a:1}"), NO("'a'"),
	NO("NaN"), NO("[NaN]"), NO("nan"), NO("Infinity"), NO("-Infinity"), NO("[-NaN]"),
	NO("1e999"), NO("-1e999"), NO("[1e309]"), NO("{\"a\":1.8e308}"),
	YES("1e308"), YES("-1.7976931348623157e308"), YES("1e-300"), NO("1e-999"), NO("1.5e-400"),
	YES("0e999"), YES("0.0e-999"), YES("0.0"),
	NO("\"a\nb\""), NO("\"a\tb\""), NO("\"\x01\""), NO("\"\x1f\""), NO("\"a\0b\""),
	YES("\"\x7f\""), YES("\" \""),
	NO("\"\\ud800\""), NO("\"\\udc00\""), NO("\"\\ud83d\\u0041\""), NO("\"\\ud83dx\""),
	NO("\"\\ud800\\ue000\""), NO("\"\\ud800\\uffff\""), NO("\"\\udbff\\udbff\""),
	NO("\"\\ud83d\\ud83d\""), NO("\"\\ude00\\ud83d\""), NO("\"\\udbff\""), NO("\"\\ud83d\\n\""),
	YES("\"\\ud83d\\ude00\""), YES("\"\\ud800\\udc00\""), YES("\"\\udbff\\udfff\""),
	YES("\"\\ud7ff\\ue000\""),
	NO("\"\\u0000\""), NO("\"a\\u0000b\""), NO("{\"a\\u0000\":1}"), YES("\"\\u0001\""),
	NO("{\"a\":12abc}"), NO("12abc"), NO("[1 2]"),
	/* whole numbers at the edges of int64 */
	YES("9223372036854775807"), NO("9223372036854775808"), YES("9223372036854775806"),
	YES("-9223372036854775808"), NO("-9223372036854775809"), NO("18446744073709551615"),
	NO("100000000000000000000"), YES("9223372036854775808.0"), YES("-0"), YES("-1"),
	/* grammar of numbers */
	NO("01"), NO("-01"), NO("00"), NO("1."), NO(".5"), NO("-.5"), NO("1.e5"), NO("1e"),
	NO("1e+"), NO("0x10"), NO("0b1"), NO("1_000"), NO("1,000"), NO("--1"), NO("1-"), NO("+-1"),
	YES("1.5"), YES("1e5"), YES("1E5"), YES("1e+5"), YES("1e-5"), YES("-1.25E-3"), YES("0.5"),
	/* strings and escapes */
	YES("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), NO("\"\\x41\""), NO("\"\\a\""), NO("\"\\0\""),
	NO("\"\\'\""), NO("\"\\u12\""), NO("\"\\u12g4\""), NO("\"\\U0041\""), NO("\"\\\""),
	NO("\"\\"), NO("\"\\u"), NO("\"\\u004"), NO("\"\\ud83d\\u"), NO("\"\\ud83d\\"),
	YES("\"\\u00e9\\u00E9\""), NO("\"abc"), NO("\"\\v\""), NO("\"\\\n\""),
	/* UTF-8 */
	YES("\"\xc3\xa9\""), YES("\"\xe2\x82\xac\""), YES("\"\xf0\x9f\x98\x80\""),
	YES("\"\xf4\x8f\xbf\xbf\""), YES("\"\xef\xbb\xbf\""),
	NO("\"\x80\""), NO("\"\xc3\""), NO("\"\xc3(\""), NO("\"\xc0\x80\""), NO("\"\xc1\xbf\""),
	NO("\"\xe0\x80\xaf\""), NO("\"\xed\xa0\x80\""), NO("\"\xed\xbf\xbf\""), NO("\"\xe2\x82\""),
	NO("\"\xf0\x80\x80\x80\""), NO("\"\xf4\x90\x80\x80\""), NO("\"\xf5\x80\x80\x80\""),
	NO("\"\xff\""), NO("\"\xfe\""), NO("\"\xf0\x9f\x98\""), NO("\"\xf0\x9f\x98"), NO("\"\xe9\""),
	NO("{\"\xff\":1}"),
	/* structure */
	NO("[1,]"), NO("[,1]"), NO("[,]"), NO("[1,,2]"), NO("{\"a\":1,}"), NO("{,}"), NO("{\"a\"}"),
	NO("{\"a\":}"), NO("{\"a\":1 \"b\":2}"), NO("{\"a\" 1}"), NO("{1:1}"), NO("{null:1}"),
	NO("{[]:1}"), NO("[1}"), NO("{\"a\":1]"), NO("[1"), NO("{\"a\":1"), NO("{\"a\":"), NO("{\"a"),
	NO("[}"), NO("{]"), NO("{\"a\"::1}"), NO("{\"a\":1;}"), NO("[1;2]"), NO("{{}}"),
	NO("[\"a\":1]"), NO("{\"a\":1,,\"b\":2}"),
	NO("/* c */{}"), NO("{}// c"), NO("{/**/}"), NO("{\"a\":1/*c*/}"), NO("# c\n{}"),
	NO("[1//\n]"), NO("<!-- -->{}"),
	/* depth 16 and 17 */
	YES("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"), NO("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"),
	YES("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"), NO("[[[[[[[[[[[[[[[[["),
	YES("{\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}"), NO("{\"a\":[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]}"),
	YES("[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]"),
};

static void test_corpus(struct arena *arena)
{
	struct err err;
	size_t n = sizeof(corpus) / sizeof(corpus[0]);
	ok(n >= 120, "%zu texts", n);
	for (size_t i = 0; i < n; i++) {
		/* exactly the bytes, so that ASan sees a read past the end */
		char *copy = malloc(corpus[i].n ? corpus[i].n : 1);
		struct strbuf name = { .arena = arena };
		memcpy(copy, corpus[i].text, corpus[i].n);
		strbuf_add_json(&name, corpus[i].text);
		ok(json_check(copy, corpus[i].n, &err) == corpus[i].good, "%s %s",
		   corpus[i].good ? "takes" : "refuses", name.s);
		free(copy);
	}
}

/* limit - 1, limit, limit + 1 of the bounds a text can reach */
static void test_bounds(struct arena *arena)
{
	struct err err;
	for (int keys = 1023; keys <= 1025; keys++) {
		struct strbuf b = { .arena = arena };
		for (int i = 0; i < keys; i++)
			strbuf_addf(&b, "%s\"k%d\":0", i ? "," : "{", i);
		strbuf_adds(&b, "}");
		ok(json_check(b.s, b.len, &err) == (keys <= 1024), "%d names", keys);
	}
	for (int digits = 63; digits <= 65; digits++) {
		struct strbuf b = { .arena = arena };
		strbuf_addf(&b, "0.%0*d", digits - 2, 1);
		ok(json_check(b.s, b.len, &err) == (digits <= 64), "a number of %d bytes", digits);
	}
	for (int depth = 15; depth <= 17; depth++) {
		struct strbuf b = { .arena = arena };
		for (int i = 0; i < depth; i++)
			strbuf_adds(&b, i + 1 < depth ? "{\"a\":" : "{\"a\":1");
		for (int i = 0; i < depth; i++)
			strbuf_adds(&b, "}");
		ok(json_check(b.s, b.len, &err) == (depth <= 16), "objects %d deep", depth);
	}
	ok(!json_check("{\"a\":1,}", 8, &err), "a sentence");
	is_int(err.kind, ERR_MALFORMED, "  kind");
	is_str(err.message, "The body is not JSON: a name in double quotes was expected at byte 7",
	       "  says what and where");
}

/* What is JSON and is refused is not said to be none. */
static void test_refused(void)
{
	static const struct { const char *text, *sentence; } rows[] = {
		{ "{\"a\":1,\"\\u0061\":2}", "The body has the same name twice in one object at byte 7" },
		{ "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "The body is nested too deep at byte 16" },
		{ "[\"\\u0000\"]", "The body has \\u0000, which no text may hold, at byte 2" },
		{ "[\"\\ud800\"]", "The body has half a surrogate pair at byte 2" },
		{ "[100000000000000000000]", "The body has a number that is out of range at byte 1" },
		{ "[1e999]", "The body has a number that is out of range at byte 1" },
		{ "[0.00000000000000000000000000000000000000000000000000000000000000001]",
		  "The body has a number that is too long at byte 1" },
	};
	struct err err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ok(!json_check(rows[i].text, strlen(rows[i].text), &err), "refuses %s", rows[i].text);
		is_str(err.message, rows[i].sentence, "  with its own sentence");
	}
}

/* A fault of one member is not one of the body. */
static void test_members(struct arena *arena)
{
	static const struct { const char *text, *field, *sentence; } rows[] = {
		{ "{\"a\":1e999}", "a", "a has a number that is out of range at byte 5 of the body" },
		{ "{\"a\":1,\"b_2\":[{\"c\":-100000000000000000000}]}", "b_2", "b_2 has a number that is out of range at byte 19 of the body" },
		{ "{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", "a", "a is nested too deep at byte 20 of the body" },
		{ "{\"A b\":1e999}", NULL, "The body has a number that is out of range at byte 7" },
		{ "[{\"a\":1e999}]", NULL, "The body has a number that is out of range at byte 6" },
	};
	struct strbuf b = { .arena = arena };
	struct err err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err = (struct err){ 0 };
		ok(!json_check(rows[i].text, strlen(rows[i].text), &err), "refuses %s", rows[i].text);
		is_int(err.kind, rows[i].field ? ERR_RANGE : ERR_MALFORMED, "  kind");
		is_str(err.field, rows[i].field ? rows[i].field : "", "  names it");
		is_str(err.message, rows[i].sentence, "  says what and where");
	}
	strbuf_adds(&b, "{\"a\":{");
	for (int i = 0; i < 1024; i++)
		strbuf_addf(&b, "%s\"%d\":1", i ? "," : "", i);
	strbuf_adds(&b, "}}");
	ok(!json_check(b.s, b.len, &err) && err.kind == ERR_RANGE && str_eq(err.field, "a"), "%s", err.message);
}

struct thing {
	const char *name, *id, *color, *secret, *hidden;
	struct strings tags;
	int64_t count, when;
	bool on;
	const void *part;
	struct field_list parts;
};

static const char *const colors[] = { "red", "green", NULL };

static const struct field part_fields[] = {
	{ .name = "n", .type = FIELD_INT, .offset = 0 },
	{ 0 },
};
static const struct field_schema part_schema = { "Part", sizeof(int64_t), part_fields, 0 };

static const struct field thing_fields[] = {
	FIELD(struct thing, name, TEXT, FIELD_REQUIRED, NULL, .min = 2, .max = 4),
	FIELD(struct thing, id, UUID, 0, NULL),
	FIELD(struct thing, color, TEXT, 0, NULL, .values = colors),
	FIELD(struct thing, secret, TEXT, FIELD_SECRET, NULL, .max = 8),
	FIELD(struct thing, tags, STRINGS, 0, NULL, .max = 2),
	FIELD(struct thing, hidden, TEXT, FIELD_PRIVATE, NULL),
	FIELD(struct thing, count, INT, FIELD_NULLABLE, NULL, .min = 1, .max = 10),
	FIELD(struct thing, when, TIME, FIELD_NULLABLE, NULL),
	FIELD(struct thing, on, BOOL, 0, NULL),
	FIELD(struct thing, part, OBJECT, 0, NULL, .schema = &part_schema),
	FIELD(struct thing, parts, LIST, 0, NULL, .schema = &part_schema),
	{ 0 },
};
static const struct field_schema thing_schema =
	FIELD_SCHEMA("Thing", struct thing, thing_fields);

struct read_case {
	const char *text;
	enum err_kind kind;   /* ERR_NONE: taken */
	const char *field, *message;
};

#define ID "0b5e6b1e-7a44-4c1f-9a52-3f1f0c9b7a10"

static const struct read_case reads[] = {
	{ "", ERR_MALFORMED, "", "The body must be a JSON object" },
	{ " \n", ERR_MALFORMED, "", "The body must be a JSON object" },
	{ "[]", ERR_MALFORMED, "", "The body must be a JSON object" },
	{ "null", ERR_MALFORMED, "", "The body must be a JSON object" },
	{ "\"x\"", ERR_MALFORMED, "", "The body must be a JSON object" },
	{ "{", ERR_MALFORMED, "", NULL },
	{ "{}", ERR_REQUIRED, "name", "name is required" },
	{ "{\"name\":null}", ERR_REQUIRED, "name", "name is required" },
	{ "{\"name\":\"ab\"}", ERR_NONE, NULL, NULL },
	{ "{\"name\":\"a\"}", ERR_RANGE, "name", "name must have from 2 to 4 characters" },
	{ "{\"name\":\"abcd\"}", ERR_NONE, NULL, NULL },
	{ "{\"name\":\"\xc3\xa9\xf0\x9f\x98\x80\xe2\x82\xac\\u00e9\"}", ERR_NONE, NULL, NULL },
	{ "{\"name\":\"abcde\"}", ERR_RANGE, "name", NULL },
	{ "{\"name\":1}", ERR_INVALID, "name", "name must be a string" },
	{ "{\"name\":[\"ab\"]}", ERR_INVALID, "name", NULL },
	{ "{\"Name\":\"ab\"}", ERR_INVALID, "Name", "Unknown field \"Name\"" },
	{ "{\"name\":\"ab\",\"x\":1}", ERR_INVALID, "x", "Unknown field \"x\"" },
	{ "{\"name\":\"ab\",\"a\\n\\\"b\":1}", ERR_INVALID, "a??b", "Unknown field \"a??b\"" },
	{ "{\"name\":\"ab\",\"hidden\":\"x\"}", ERR_INVALID, "hidden", NULL },
	{ "{\"name\":\"ab\",\"part\":{}}", ERR_INVALID, "part", NULL },
	{ "{\"name\":\"ab\",\"parts\":[]}", ERR_INVALID, "parts", NULL },
	{ "{\"name\":\"ab\",\"id\":\"" ID "\"}", ERR_NONE, NULL, NULL },
	{ "{\"name\":\"ab\",\"id\":\"" ID "0\"}", ERR_INVALID, "id", "id must be a UUID" },
	{ "{\"name\":\"ab\",\"id\":null}", ERR_INVALID, "id", NULL },
	{ "{\"name\":\"ab\",\"color\":\"green\"}", ERR_NONE, NULL, NULL },
	{ "{\"name\":\"ab\",\"color\":\"Green\"}", ERR_INVALID, "color",
	  "color must be one of: red, green" },
	{ "{\"name\":\"ab\",\"secret\":\"12345678\"}", ERR_NONE, NULL, NULL },
	{ "{\"name\":\"ab\",\"secret\":\"123456789\"}", ERR_RANGE, "secret",
	  "secret must have from 0 to 8 characters" },
	{ "{\"name\":\"ab\",\"tags\":[\"a\",\"b\"]}", ERR_NONE, NULL, NULL },
	{ "{\"name\":\"ab\",\"tags\":[\"a\",\"b\",\"c\"]}", ERR_RANGE, "tags",
	  "tags must have from 0 to 2 items" },
	{ "{\"name\":\"ab\",\"tags\":[1]}", ERR_INVALID, "tags", "tags must be a list of strings" },
	{ "{\"name\":\"ab\",\"tags\":\"a\"}", ERR_INVALID, "tags", NULL },
	{ "{\"name\":\"ab\",\"tags\":[null]}", ERR_INVALID, "tags", NULL },
	{ "{\"name\":\"ab\",\"count\":0}", ERR_RANGE, "count", "count must be from 1 to 10" },
	{ "{\"name\":\"ab\",\"count\":1}", ERR_NONE, NULL, NULL },
	{ "{\"name\":\"ab\",\"count\":10}", ERR_NONE, NULL, NULL },
	{ "{\"name\":\"ab\",\"count\":11}", ERR_RANGE, "count", NULL },
	{ "{\"name\":\"ab\",\"count\":-9223372036854775808}", ERR_RANGE, "count", NULL },
	{ "{\"name\":\"ab\",\"count\":1.0}", ERR_NONE, NULL, NULL },
	{ "{\"name\":\"ab\",\"count\":1E1}", ERR_NONE, NULL, NULL },
	{ "{\"name\":\"ab\",\"count\":11.0}", ERR_RANGE, "count", NULL },
	{ "{\"name\":\"ab\",\"count\":1.5}", ERR_INVALID, "count", "count must be a whole number" },
	{ "{\"name\":\"ab\",\"count\":1e-1}", ERR_INVALID, "count", NULL },
	{ "{\"name\":\"ab\",\"count\":1e300}", ERR_INVALID, "count", NULL },
	{ "{\"name\":\"ab\",\"count\":\"1\"}", ERR_INVALID, "count", NULL },
	{ "{\"name\":\"ab\",\"count\":true}", ERR_INVALID, "count", NULL },
	{ "{\"name\":\"ab\",\"count\":null}", ERR_NONE, NULL, NULL },
	{ "{\"name\":\"ab\",\"on\":1}", ERR_INVALID, "on", "on must be true or false" },
	{ "{\"name\":\"ab\",\"on\":\"true\"}", ERR_INVALID, "on", NULL },
	{ "{\"name\":\"ab\",\"when\":\"2025-01-31T12:00:00Z\"}", ERR_NONE, NULL, NULL },
	{ "{\"name\":\"ab\",\"when\":\"2025-01-31\"}", ERR_INVALID, "when",
	  "when must be a time with its zone, like 2099-01-31T12:00:00Z" },
	{ "{\"name\":\"ab\",\"when\":1738324800}", ERR_INVALID, "when", NULL },
	{ "{\"name\":\"ab\",\"name\":\"ab\"}", ERR_MALFORMED, "", NULL },
};

static void test_read(struct arena *arena)
{
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		const struct read_case *c = &reads[i];
		struct thing t;
		struct err err = { 0 };
		bool good = json_read(c->text, strlen(c->text), &thing_schema, arena, &t, NULL, &err);
		ok(good == !c->kind, "%s: %s", good ? "takes" : "refuses",
		   *c->text == ' ' ? "(blank)" : c->text);
		is_int(err.kind, c->kind, "  kind");
		if (c->field)
			is_str(err.field, c->field, "  field");
		if (c->message)
			is_str(err.message, c->message, "  sentence");
		if (c->field && !strcmp(c->field, "secret"))
			ok(!strstr(err.message, "123"), "  the secret is not in it");
	}
}

static void test_read_values(struct arena *arena)
{
	static const char text[] = "{\"on\":true,\"name\":\"a\\\"b\",\"count\":null,"
		"\"id\":\"0B5E6B1E-7A44-4C1F-9A52-3F1F0C9B7A10\",\"tags\":[ \"x\\u0041\" , \"\\/\\n\" ],"
		"\"when\":\"2025-01-31T14:30:00.1239+02:30\"}";
	struct field_given given;
	struct thing t;
	struct err err;
	if (!ok(json_read(text, sizeof(text) - 1, &thing_schema, arena, &t, &given, &err), "reads"))
		return;
	is_str(t.name, "a\"b", "text");
	is_str(t.id, ID, "uuid in lower case");
	is_str(strings_join(arena, t.tags, "|"), "xA|/\n", "strings");
	is_int(t.count, INT_NONE, "null number");
	is_int(t.when, INT64_C(1738324800123), "time of another zone");
	ok(t.on, "bool");
	ok(!t.color && !t.secret && !t.hidden && !t.part, "absent texts are NULL");
	is_int((int64_t)given.n, 6, "given");
	ok(json_read("{\"name\":\"ab\"}", 13, &thing_schema, arena, &t, &given, &err), "reads less");
	is_int(t.count, INT_NONE, "absent number");
	is_int(t.when, TIME_NONE, "absent time");
	ok(!t.on && !t.tags.items, "absent bool and list");
	ok(given.n == 1 && FIELD_GIVEN(&given, struct thing, name), "given");
	ok(json_read("{}", 2, &part_schema, arena, &t, NULL, &err), "{} where nothing is required");
}

/* The same rows in another order mean the same. */
static void test_given(struct arena *arena)
{
	static const char text[] = "{\"on\":true,\"count\":null,\"name\":\"abc\",\"tags\":[\"x\"]}";
	enum { ROWS = sizeof(thing_fields) / sizeof(thing_fields[0]) - 1 };
	struct field rows[ROWS + 1] = { 0 };
	const struct field_schema shuffled = FIELD_SCHEMA("Shuffled", struct thing, rows);
	struct thing in, out = { .name = "old", .count = 7, .when = 5, .color = "red" };
	struct field_given given;
	struct err err;

	for (size_t i = 0; i < ROWS; i++)
		rows[i] = thing_fields[(i * 7 + 3) % ROWS];   /* 11 rows: each once */
	ok(json_read(text, sizeof(text) - 1, &shuffled, arena, &in, &given, &err), "reads");
	is_int((int64_t)given.n, 4, "four were named");
	ok(FIELD_GIVEN(&given, struct thing, on) && FIELD_GIVEN(&given, struct thing, count) &&
	   FIELD_GIVEN(&given, struct thing, name) && FIELD_GIVEN(&given, struct thing, tags),
	   "these");
	ok(!FIELD_GIVEN(&given, struct thing, when) && !FIELD_GIVEN(&given, struct thing, id), "no other");
	field_patch(&given, &in, &out);
	ok(out.on && out.count == INT_NONE && str_eq(out.name, "abc") && strings_have(out.tags, "x"),
	   "are copied, null too");
	ok(out.when == 5 && str_eq(out.color, "red"), "and nothing else");
}

static void test_time(void)
{
	static const struct { const char *text; int64_t ms; } times[] = {
		{ "1970-01-01T00:00:00Z", 0 }, { "1970-01-01t00:00:00.5z", 500 },
		{ "1970-01-01T00:00:00.001999999Z", 1 }, { "1970-01-01T01:00:00+01:00", 0 },
		{ "1969-12-31T23:00:00-01:00", -1 }, { "1970-01-01T00:00:00-00:30", 1800000 },
		{ "2024-02-29T00:00:00Z", INT64_C(1709164800000) }, { "2023-02-29T00:00:00Z", -1 },
		{ "9999-12-31T23:59:59.999Z", INT64_C(253402300799999) },
		{ "9999-12-31T23:59:59-00:01", -1 }, { "1970-01-01T00:30:00+01:00", -1 },
		{ "2025-01-31 12:00:00Z", -1 }, { "2025-01-31T12:00:00", -1 },
		{ "2025-01-31T12:00Z", -1 }, { "2025-01-31T12:00:00.Z", -1 },
		{ "2025-01-31T24:00:00Z", -1 }, { "2025-01-31T23:60:00Z", -1 },
		{ "2016-12-31T23:59:60Z", 1483228800000 }, { "2016-12-31T23:59:60.25Z", 1483228800250 },
		{ "2017-01-01T01:59:60+02:00", 1483228800000 }, { "2016-12-31T23:58:60Z", -1 },
		{ "2016-12-30T23:59:60Z", -1 }, { "2016-12-31T23:59:60+02:00", -1 },
		{ "2016-12-31T23:59:61Z", -1 }, { "9999-12-31T23:59:60Z", -1 },
		{ "2025-01-31T12:00:00+24:00", -1 },
		{ "2025-01-31T12:00:00+02:60", -1 }, { "2025-01-31T12:00:00+0200", -1 },
		{ "2025-01-31T12:00:00+02:00 ", -1 }, { "2025-01-31T12:00:00ZZ", -1 },
		{ "2025-00-31T12:00:00Z", -1 }, { "2025-13-01T12:00:00Z", -1 },
		{ "+025-01-31T12:00:00Z", -1 }, { "2025-01-31T12:00:00,5Z", -1 }, { "", -1 },
		{ "2025-01-31T12:00:00", -1 }, { "2025-01-3", -1 },
	};
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		int64_t ms = 7;
		if (!rfc3339_parse(times[i].text, &ms))
			ms = -1;
		is_int(ms, times[i].ms, times[i].text);
	}
}

static void test_date(void)
{
	int64_t ms = 7;

	ok(rfc3339_date("2024-02-29", &ms) && ms == INT64_C(1709164800000), "a date");
	for (const char *const *s = (const char *const[]){ "2023-02-29", "1969-12-31", "2024-2-29",
	     "2024-02-29T", "20240229", "", NULL }; *s; s++)
		ok(!rfc3339_date(*s, &ms), "no date: %s", *s);
}

static void test_write(struct arena *arena)
{
	int64_t parts[] = { 1, INT_NONE };
	struct thing t = {
		.name = "a\"\\\x01\x7f\n\xc3\xa9\xff\xc3", .count = -5, .when = INT64_C(1738324800123),
		.on = true, .tags = STRINGS("x"), .hidden = "h", .secret = "s", .part = &parts[0],
		.parts = { parts, 2 },
	};
	struct strbuf b = { .arena = arena };
	struct err err;
	json_write(&b, &thing_schema, &t);
	is_str(b.s, "{\"name\":\"a\\\"\\\\\\u0001\\u007f\\n\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\","
	       "\"id\":null,\"color\":null,\"secret\":\"s\",\"tags\":[\"x\"],\"count\":-5,"
	       "\"when\":\"2025-01-31T12:00:00.123Z\",\"on\":true,\"part\":{\"n\":1},"
	       "\"parts\":[{\"n\":1},{\"n\":null}]}", "a struct in the table's order");
	ok(json_check(b.s, b.len, &err), "and it is strict JSON");
	struct thing none = { .count = INT_NONE, .when = TIME_NONE };
	struct strbuf c = { .arena = arena };
	json_write(&c, &thing_schema, &none);
	is_str(c.s, "{\"name\":null,\"id\":null,\"color\":null,\"secret\":null,\"tags\":null,"
	       "\"count\":null,\"when\":null,\"on\":false,\"part\":null,\"parts\":[]}", "absent is null");
}

/* Which numbers are integers, however they are written. */
static void test_integers(void)
{
	static const struct { const char *text; int64_t value; bool is_integer; } rows[] = {
		{ "1", 1, true }, { "1.0", 1, true }, { "1E1", 10, true }, { "1e+1", 10, true },
		{ "120e-1", 12, true }, { "1.50e1", 15, true }, { "1.25e2", 125, true },
		{ "100e-2", 1, true }, { "-1.0", -1, true }, { "-0.0", 0, true }, { "0e999999999", 0, true },
		{ "0.0e-99999999999999999999", 0, true }, { "0.001e3", 1, true }, { "10.00", 10, true },
		{ "9007199254740993.0", INT64_C(9007199254740993), true },
		{ "9.223372036854775807e18", INT64_MAX, true },
		{ "-9.223372036854775808e18", INT64_MIN, true },
		{ "1.5", 0, false }, { "1e-1", 0, false }, { "15e-1", 0, false }, { "0.1", 0, false },
		{ "1.0000000000000000000000000001", 0, false }, { "1e19", 0, false },
		{ "9223372036854775808.0", 0, false }, { "-9.223372036854775809e18", 0, false },
		{ "1e300", 0, false }, { "1e99999999999999999999", 0, false },
		{ "1e-99999999999999999999", 0, false }, { "9007199254740992.5", 0, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t value = 0;
		bool is = json_integer(rows[i].text, &value);
		ok(is == rows[i].is_integer, "%s is %s integer", rows[i].text,
		   rows[i].is_integer ? "an" : "no");
		is_int(is ? value : 0, rows[i].value, "its value");
	}
}

int main(void)
{
	struct arena *arena = arena_new();
	test_corpus(arena);
	test_bounds(arena);
	test_refused();
	test_members(arena);
	test_read(arena);
	test_read_values(arena);
	test_given(arena);
	test_time();
	test_date();
	test_write(arena);
	test_integers();
	arena_free(&arena);
	return tap_done();
}
