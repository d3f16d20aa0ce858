/* tests/unit/strings.c - lists of strings, and their JSON. */
#include "config.h"

#include "base/strings.h"
#include "tap.h"

static void test_words(struct arena *arena)
{
	struct strings list = STRINGS("read", "write"), split = strings_split(arena, "a,b c,,d", ',');

	ok(strings_split(arena, "", ',').n == 0 && strings_split(arena, "a,", ',').n == 2 &&
	   strings_split(arena, ",a", ',').n == 2, "each separator ends a word, the last one too");
	ok(strings_have(list, "read") && !strings_have(list, "rea") && !strings_have(list, "read,write"),
	   "a word is a whole one");
	ok(!strings_have(strings_empty, "") && strings_empty.items && strings_empty.n == 0, "none");
	ok(strings_within(strings_empty, list) && strings_within(list, list) &&
	   !strings_within(list, STRINGS("read")), "within");
	is_str(strings_join(arena, list, " "), "read write", "joined");
	is_str(strings_join(arena, strings_empty, " "), "", "none joined");
	is_str(strings_join(arena, split, "|"), "a|b c||d", "split");
	ok(strings_split(arena, "", ',').n == 0 && strings_split(arena, "", ',').items, "nothing split");
}

static const char *json(struct arena *arena, struct strings list)
{
	struct strbuf b = { .arena = arena };

	strings_to_json(&b, list);
	return b.s;
}

static void test_json(struct arena *arena)
{
	static const char *const texts[] = {
		"[]", "[\"a\"]", "[\"a b\",\"\",\"NULL\"]", "[\"q\\\"q\",\"b\\\\s\"]", "[\"\\n\\t\"]",
	};
	struct strings list;

	is_str(json(arena, (struct strings){ 0 }), "null", "no list");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ok(strings_from_json(arena, texts[i], &list), "reads %s", texts[i]);
		is_str(json(arena, list), texts[i], "and writes it");
	}
	ok(strings_from_json(arena, " [ \"\\u0041\\ud83d\\ude00\" , \"\\/\" ] ", &list) && list.n == 2,
	   "blanks and escapes");
	is_str(list.items[0], "A\xf0\x9f\x98\x80", "of two kinds");
}

int main(void)
{
	struct arena *arena = arena_new();

	test_words(arena);
	test_json(arena);
	arena_free(&arena);
	return tap_done();
}
