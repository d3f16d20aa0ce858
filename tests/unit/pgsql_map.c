/*
 * tests/unit/pgsql_map.c - values between PostgreSQL's text formats and the
 * common form, without a server.
 */
#include "config.h"

#include "base/clock.h"
#include "base/str.h"
#include "db/driver_pgsql.h"
#include "tap.h"

enum { OID_BOOL = 16, OID_INT8 = 20, OID_TEXT = 25, OID_STRINGS = 1009, OID_TIME = 1184, OID_UUID = 2950 };

static struct arena *a;

static void reads(Oid type, const char *text, const char *want)
{
	is_str(pgsql_text(type, text, a), want, text);
}

static const char *param(struct db_value v)
{
	const char *out = "unset";

	return pgsql_param(&v, a, &out) ? out : "refused";
}

static void writes(const char *json, const char *want)
{
	struct strings list = { 0 };

	is_str(strings_from_json(a, json, &list) ? param(db_strings(list)) : "refused", want, json);
}

static void moments(void)
{
	reads(OID_TIME, "2024-02-29 12:34:56.789+00", "2024-02-29T12:34:56.789Z");
	reads(OID_TIME, "2024-02-29 12:34:56+00", "2024-02-29T12:34:56.000Z");
	reads(OID_TIME, "2024-02-29 12:34:56.7+00", "2024-02-29T12:34:56.700Z");
	reads(OID_TIME, "2024-02-29 12:34:56.789999+00", "2024-02-29T12:34:56.789Z");
	reads(OID_TIME, "2024-03-01 00:30:00+05:30", "2024-02-29T19:00:00.000Z");
	reads(OID_TIME, "2023-12-31 23:00:00.5-02", "2024-01-01T01:00:00.500Z");
	reads(OID_TIME, "1969-12-31 23:59:59.999+00", "1969-12-31 23:59:59.999+00");
	reads(OID_TIME, "1970-01-01 00:00:00.001+00", "1970-01-01T00:00:00.001Z");
	reads(OID_TIME, "9999-12-31 23:59:59.999+00", "9999-12-31T23:59:59.999Z");
	reads(OID_TIME, "infinity", "infinity");
	reads(OID_TIME, "0044-03-15 00:00:00+00 BC", "0044-03-15 00:00:00+00 BC");
	reads(OID_TIME, "12024-01-01 00:00:00+00", "12024-01-01 00:00:00+00");
}

/* Every day of 400 years, read and written again. */
static void calendar(void)
{
	int bad = 0;

	for (int64_t day = 0; day < 146097; day++) {
		char want[TIME_TEXT], text[64];
		time_format(day * DAY_MS, want);
		snprintf(text, sizeof(text), "%.10s %.12s+00", want, want + 11);
		bad += !str_eq(pgsql_text(OID_TIME, text, a), want);
		arena_reset(a);
	}
	is_int(bad, 0, "every day of 400 years");
}

static void lists_read(void)
{
	reads(OID_STRINGS, "{}", "[]");
	reads(OID_STRINGS, "{a,b}", "[\"a\",\"b\"]");
	reads(OID_STRINGS, "{\"a b\",\"\",\"NULL\",NULL}", "[\"a b\",\"\",\"NULL\",null]");
	reads(OID_STRINGS, "{\"q\\\"q\",\"b\\\\s\",\"c,d\",\"{e}\"}",
	      "[\"q\\\"q\",\"b\\\\s\",\"c,d\",\"{e}\"]");
	reads(OID_STRINGS, "{\"\n\t\x01\"}", "[\"\\n\\t\\u0001\"]");
	reads(OID_STRINGS, "[0:1]={x,y}", "[\"x\",\"y\"]");
	reads(OID_STRINGS, "{\xc3\xa9}", "[\"\xc3\xa9\"]");
	reads(OID_STRINGS, "{NULLs,a/b}", "[\"NULLs\",\"a/b\"]");
}

static void lists_written(void)
{
	writes("[]", "{}");
	writes(" [ \"a\" , \"b c\" ] ", "{\"a\",\"b c\"}");
	writes("[\"\"]", "{\"\"}");
	writes("[\"NULL\",\"{,}\"]", "{\"NULL\",\"{,}\"}");
	writes("[\"q\\\"q\",\"b\\\\s\",\"\\/\"]", "{\"q\\\"q\",\"b\\\\s\",\"/\"}");
	writes("[\"\\n\\t\\b\\f\\r\"]", "{\"\n\t\b\f\r\"}");
	writes("[\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"]", "{\"A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}");
	writes("[\"\\u0022\\u005c\"]", "{\"\\\"\\\\\"}");
	writes("[\"\\u007f\\u0080\\u07ff\\u0800\\uffff\"]", "{\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\"}");
	writes("[\"\\ud7ff\\ue000\"]", "{\"\xed\x9f\xbf\xee\x80\x80\"}");
	writes("[\"\\ud800\\udc00\\udbff\\udfff\"]", "{\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"}");
	static const char *const wrong[] = {
		"", "{}", "[", "[\"a\"", "[\"a\",]", "[,]", "[\"a\" \"b\"]", "[1]", "[null]",
		"[\"a\"]x", "[\"\\u0000\"]", "[\"\\ud83d\"]", "[\"\\ude00\"]", "[\"\\ud83d\\u0041\"]",
		"[\"\\udc00\"]", "[\"\\udfff\"]", "[\"\\ud800\\udbff\"]", "[\"\\ud800\\ue000\"]",
		"[\"\\x\"]", "[\"\\u12\"]", "[\"\\", "[\"a", "[[\"a\"]]",
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		writes(wrong[i], "refused");
}

int main(void)
{
	a = arena_new();
	moments();
	calendar();
	lists_read();
	lists_written();
	reads(OID_BOOL, "t", "1");
	reads(OID_BOOL, "f", "0");
	reads(OID_INT8, "-5", "-5");
	reads(OID_UUID, "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000001");
	reads(OID_TEXT, "{a}", "{a}");
	is_str(param(db_bool(true)), "t", "true");
	is_str(param(db_bool(false)), "f", "false");
	is_str(param(db_int(INT64_MAX)), "9223372036854775807", "a large number");
	is_str(param(db_int(INT_NONE)), NULL, "no number");
	is_str(param(db_text(NULL)), NULL, "no text");
	is_str(param(db_time(0)), "1970-01-01T00:00:00.000Z", "a moment");
	arena_free(&a);
	return tap_done();
}
