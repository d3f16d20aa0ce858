/* tests/unit/base.c - arena, strings, encodings, clock, errors. */
#include "config.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "tap.h"

static void test_arena(void)
{
	struct arena *a = arena_new();
	char *secret;
	bool zero = true;

	secret = arena_strdup(a, "a secret that must not stay");
	arena_reset(a);
	/* the first block is kept, so its bytes may still be looked at */
	for (size_t i = 0; i < 27; i++)
		zero = zero && secret[i] == 0;
	ok(zero, "reset wipes what was handed out");
	ok(arena_strdup(a, "again") == secret, "after a reset the same memory is handed out");
	memset(arena_alloc(a, 100000), 1, 100000);
	ok(((char *)arena_alloc(a, 64))[63] == 0, "memory is zeroed");
	memset(arena_alloc(a, 5000), 1, 5000);
	arena_reset(a);
	secret = arena_alloc(a, 5000);
	ok(secret[0] == 0 && memcmp(secret, secret + 1, 4999) == 0, "also where it was used before");
	ok((uintptr_t)arena_alloc(a, 1) % 16 == 0, "memory is aligned");
	is_str(arena_printf(a, "%d-%s", 7, "x"), "7-x", "printf on the arena");
	ok(arena_strdup(a, NULL) == NULL, "copy of nothing is nothing");
	arena_free(&a);
	ok(a == NULL, "free forgets the pointer");
	arena_free(&a);
}

static void test_numbers(void)
{
	static const struct { const char *text; bool good; int64_t value; } cases[] = {
		{ "0", true, 0 }, { "-5", true, -5 }, { "100", true, 100 }, { "101", false, 0 },
		{ "-6", false, 0 }, { "", false, 0 }, { "1x", false, 0 }, { " 1", false, 0 },
		{ "+1", false, 0 }, { "-", false, 0 }, { "99999999999999999999", false, 0 },
		{ NULL, false, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t v = 0;
		bool good = str_int(cases[i].text, -5, 100, &v);

		ok(good == cases[i].good && v == cases[i].value, "number '%s'",
		   cases[i].text ? cases[i].text : "(null)");
	}
}

static void test_decimal(void)
{
	struct arena *a = arena_new();
	struct strbuf b = { .arena = a };
	bool good = true;

	strbuf_addi(&b, 0);
	strbuf_adds(&b, " ");
	strbuf_addi(&b, -10);
	strbuf_adds(&b, " ");
	strbuf_addi(&b, INT64_MAX);
	strbuf_adds(&b, " ");
	strbuf_addi(&b, INT64_MIN);
	is_str(b.s, "0 -10 9223372036854775807 -9223372036854775808", "numbers as text");
	for (int64_t n = -1100; n <= 1100 && good; n++) {
		b.len = 0;
		strbuf_addi(&b, n);
		good = str_eq(b.s, arena_printf(a, "%lld", (long long)n));
	}
	ok(good, "each with its digits, whether one, two or more");
	arena_free(&a);
}

static void test_copy(void)
{
	static const struct { const char *text, *copy; } cases[] = {
		{ NULL, "" }, { "", "" }, { "abcd", "abcd" }, { "abcde", "abcd" },
		{ "abc\xc3\xa9", "abc" }, { "ab\xc3\xa9", "ab\xc3\xa9" }, { "\xf0\x9f\x98\x80z", "\xf0\x9f\x98\x80" },
		{ "a\xf0\x9f\x98\x80", "a" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[5] = "????";

		str_copy(out, sizeof(out), cases[i].text);
		is_str(out, cases[i].copy, "four bytes, and no half a character");
	}
}

static void test_utf8(void)
{
	static const struct { const char *s; bool good; } cases[] = {
		{ "plain", true }, { "\xc3\xa9", true }, { "\xe2\x82\xac", true },
		{ "\xf0\x9f\x98\x80", true }, { "\xc0\x80", false }, { "\xc3", false },
		{ "\xed\xa0\x80", false }, { "\xf4\x90\x80\x80", false }, { "\xff", false },
		{ "\xe0\x9f\xbf", false }, { "\x80", false }, { "\xf0\x8f\xbf\xbf", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ok(utf8_valid(cases[i].s, strlen(cases[i].s)) == cases[i].good, "UTF-8 case %zu", i);
	for (size_t i = 0; i < 19; i++) {   /* ASCII is read by words of eight bytes */
		char text[20] = "abcdefghijklmnopqrs";

		ok(utf8_valid(text, 19), "ASCII");
		text[i] = '\xc3';
		ok(!utf8_valid(text, 19), "a stray byte at %zu", i);
		text[i + 1] = '\xa9';
		ok(i == 18 || utf8_valid(text, 19), "a character there");
	}
	is_int((int64_t)utf8_length("a\xc3\xa9\xe2\x82\xac"), 3, "length in code points");
}

static void test_encodings(void)
{
	static const char *const plain[] = { "", "f", "fo", "foo", "foob", "fooba", "foobar" };
	static const char *const url[] = { "", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy" };
	static const char *const bad_std[] = { "Zg", "Zg=", "Zh==", "Zg==Zg==", "====", "Z g=", "" };
	char text[32], data[32];
	size_t n;

	for (size_t i = 0; i < 7; i++) {
		base64url_encode(plain[i], strlen(plain[i]), text);
		is_str(text, url[i], "RFC 4648 vector encodes");
		ok(base64url_decode(url[i], data, sizeof(data), &n) && n == strlen(plain[i]) &&
		   memcmp(data, plain[i], n) == 0, "RFC 4648 vector decodes");
	}
	for (size_t i = 0; i < 7; i++)
		ok(!base64_decode(bad_std[i], data, sizeof(data), &n), "base64 refuses '%s'", bad_std[i]);
	ok(base64_decode("Zm9vYg==", data, sizeof(data), &n) && n == 4, "base64 with padding");
	ok(!base64url_decode("Zm9vYmFy", data, 5, &n), "a short buffer is refused");
	hex_encode("\x00\xff\x10", 3, text);
	is_str(text, "00ff10", "hex");
	ok(hex_decode("00FF10", data, 3) && (unsigned char)data[1] == 255, "hex in upper case reads");
	ok(!hex_decode("00ff1", data, 3) && !hex_decode("00ff1g", data, 3), "bad hex is refused");
}

static void test_time(void)
{
	static const char *const bad[] = {
		"2026-02-30T00:00:00.000Z", "2026-01-01 00:00:00.000Z", "2026-01-01T24:00:00.000Z",
		"2026-01-01T00:00:00Z", "", "2026-1-01T00:00:00.0000Z", "2026-01-01T00:00:60.000Z",
	};
	char text[TIME_TEXT];
	int64_t ms;

	time_format(0, text);
	is_str(text, "1970-01-01T00:00:00.000Z", "the epoch");
	ok(time_parse("2026-11-23T04:48:29.945Z", &ms) && ms == INT64_C(1795409309945), "parse");
	time_format(ms, text);
	is_str(text, "2026-11-23T04:48:29.945Z", "and back");
	ok(time_parse("2024-02-29T23:59:59.999Z", &ms), "a leap day");
	time_format(INT64_MAX, text);
	is_str(text, "9999-12-31T23:59:59.999Z", "the end of the form");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!time_parse(bad[i], &ms), "refuses '%s'", bad[i]);
	clock_set_offset(86400, 0);
	ms = clock_now();
	clock_set_offset(86400, 86400);
	ok(clock_now() - ms >= DAY_MS && clock_offset() == DAY_MS, "that of the host as well");
	clock_set_offset(0, 0);
	ok(ms - clock_now() > DAY_MS - 60 * SECOND_MS, "the offset moves the clock");
	ok(llabs(clock_uptime() - clock_monotonic()) < 3650 * DAY_MS, "uptime counts like the monotonic clock");
}

static void test_monotonic(void)
{
	int64_t now = clock_monotonic(), us = clock_monotonic_us();
	struct timespec kernel, ours = clock_monotonic_timespec(now);

	clock_gettime(CLOCK_MONOTONIC, &kernel);
	ok(now >= MONOTONIC_START, "0 is long ago, however lately the machine started");
	ok(us / 1000 - now >= 0 && us / 1000 - now < 60 * SECOND_MS, "milliseconds and microseconds are of one clock");
	ok(kernel.tv_sec - ours.tv_sec >= 0 && kernel.tv_sec - ours.tv_sec < 60,
	   "the kernel's form is the kernel's clock");
	ours = clock_monotonic_timespec(MONOTONIC_START + 1250);
	ok(ours.tv_sec == 1 && ours.tv_nsec == 250000000, "to the millisecond");
}

/* Another clock is followed when this host's is more than two seconds off. */
static bool follows_host(void)
{
	int64_t before = clock_host(), now = clock_now();

	return before <= now && now <= clock_host();
}

static bool follows(int64_t start)
{
	int64_t before = start + clock_uptime(), now = clock_now();

	return before <= now && now <= start + clock_uptime();
}

/* When the machine started, by the host's clock: both are read at one moment. */
static int64_t host_start(void)
{
	int64_t host, start;

	do {
		host = clock_host();
		start = host - clock_uptime();
	} while (clock_host() != host);
	return start;
}

static void test_followed(void)
{
	_Atomic int64_t start = 0;

	clock_follow(&start);
	ok(follows_host(), "not known: the host's clock");
	start = host_start() - 40 * DAY_MS;
	ok(follows(start), "forty days off: the other one");
	start = host_start() + 1500;
	ok(follows_host(), "a second and a half: the host's own");
	clock_set_offset(0, -40 * 86400);
	ok(follows(start), "a clock that jumps is seen at once");
	clock_set_offset(0, 0);
	ok(follows_host(), "and so is that it is right again");
	start = 1;
	clock_follow(NULL);
	ok(follows_host(), "none is followed any more");
}

static void test_err(void)
{
	struct err e;

	ok(!err_field(&e, ERR_INVALID, "name", "a\nb %d", 1), "an error is false");
	is_str(e.message, "a b 1", "a sentence is one line");
	is_str(e.field, "name", "the field is named");
	err_prefix(&e, "line %d", 3);
	is_str(e.message, "line 3: a b 1", "a prefix goes in front");
	ok(!err_set(NULL, ERR_INVALID, "nobody asks"), "nobody needs to ask why");
}

static void test_uuid(void)
{
	char out[UUID_TEXT];

	uuid_format("\x01\x90\xa3\xb4\0\1\x70\2\x80\3\0\0\0\0\0\x0f", out);
	is_str(out, "0190a3b4-0001-7002-8003-00000000000f", "16 bytes as text");
	ok(uuid_parse("0190A3B4-0000-7000-8000-00000000000F", out), "upper case reads");
	is_str(out, "0190a3b4-0000-7000-8000-00000000000f", "and becomes lower case");
	ok(!uuid_parse("0190a3b4-0000-7000-8000-00000000000", out) &&
	   !uuid_parse("0190a3b4x0000-7000-8000-00000000000f", out) &&
	   !uuid_parse("{190a3b4-0000-7000-8000-00000000000}", out) && !uuid_parse(NULL, out),
	   "malformed ones do not");
}

int main(void)
{
	test_arena();
	test_numbers();
	test_decimal();
	test_copy();
	test_utf8();
	test_encodings();
	test_time();
	test_monotonic();
	test_followed();
	test_err();
	test_uuid();
	return tap_done();
}
