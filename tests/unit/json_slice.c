/* tests/unit/json_slice.c - what is found in JSON texts, and what is no JSON. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_slice.h"
#include "tap.h"

static struct arena *arena;

/* A copy of exactly its length, so that a sanitizer sees a byte read behind it. */
static bool reads(const char *text, struct json_slice *out)
{
	char *copy = strdup(text);
	bool good = copy && json_slice_read(copy, strlen(copy), out);

	if (!good)
		free(copy);   /* else the slice is in it */
	return good;
}

static void test_shape(void)
{
	static const char *const good[] = {
		"{}", " [] ", "0", "-1.5e+300", "99999999999999999999999999", "1e999", "\"\"", "\"\\\"\"", "null",
		"true", "{\"a\":[{}, {\"b\" : null}, []] , \"c\":\"]}\"}", "[[[]],[[]]]", "{\"a\":{\"a\":{}}}",
	};
	static const char *const bad[] = {
		"", " ", "{", "}", "[", "]", "{]", "[}", "\"", "\"\\\"", "\"\\", "{\"a\"}", "{\"a\":}", "{a:1}",
		"{\"a\":1,}", "[1,]", "[,1]", "[1 2]", "{\"a\":1 \"b\":2}", "{} {}", "tru", "nul", "<html>",
		"{\"access_token\":\"abc", "{\"access_token\":\"abc\"", "{\"access_token\":\"abc\",\"x\":",
		"{\"a\":[1,2}", "[{\"a\":1]", "x", "{\"a\" 1}", "[1][", "'a'",
	};
	struct json_slice v;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (ok(reads(good[i], &v), "%s", good[i]))
			free((char *)(uintptr_t)(v.s - strspn(good[i], " ")));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!reads(bad[i], &v) && !v.s, "no JSON: %s", bad[i]);
	ok(!json_slice_read("{}\0{}", 5, &v), "a NUL hides nothing");
	char deep[101] = "";
	memset(deep, '[', 50);
	memset(deep + 50, ']', 50);
	ok(!reads(deep, &v), "what is too deep is no JSON for us");
}

static void test_members(void)
{
	const char *text = "{\"a\":1, \"b\":{\"c\":[true,\"x\\u00e9\\n\"],\"d\":null},\"e\":\"\\u0000\",\"a\":2, "
		"\"f\":\"\\ud800\", \"n\":12.50, \"t\":true}";
	struct json_slice v, at = { 0 }, name;
	int n = 0;

	ok(json_slice_read(text, strlen(text), &v), "an object");
	is_str(json_slice_word(arena, json_slice_member(v, "a")), "1", "a member; of two the first");
	is_str(json_slice_word(arena, json_slice_member(v, "n")), "12.50", "a number as it is written");
	is_str(json_slice_word(arena, json_slice_member(v, "t")), "true", "true");
	is_str(json_slice_text(arena, json_slice_member(v, "a")), NULL, "a number is no text");
	ok(json_slice_is_null(json_slice_member(v, "b.d")) && json_slice_member(v, "b.d").s, "null");
	ok(json_slice_is_null(json_slice_member(v, "b.x")) && !json_slice_member(v, "b.x").s, "none");
	ok(!json_slice_member(v, "a.b").s && !json_slice_member(v, "bb").s && !json_slice_member(v, "").s, "no member");
	is_str(json_slice_text(arena, json_slice_member(v, "e")), NULL, "a NUL is no text");
	is_str(json_slice_text(arena, json_slice_member(v, "f")), NULL, "nor half a character");
	ok(!json_slice_word(arena, json_slice_member(v, "b")), "an object is no word");
	v = json_slice_member(v, "b.c");
	while (json_slice_next(v, &at, &name) && !name.s)
		n++;
	is_int(n, 2, "items of a list");
	is_str(json_slice_text(arena, at), "x\xc3\xa9\n", "and the text of one");
	at = (struct json_slice){ 0 };
	ok(!json_slice_next(at, &at, NULL), "nothing has no items");
}

int main(void)
{
	arena = arena_new();
	test_shape();
	test_members();
	arena_free(&arena);
	return tap_done();
}
