/*
 * tests/unit/email.c - the canonical form of each address of email.table, that it
 * is its own form, and which names are taken.
 */
#include "config.h"

#include <stdlib.h>
#include <unistr.h>

#include "model/check.h"
#include "store/email.h"
#include "tap.h"

/* "{U+00FC}" -> the character, in place */
static void put_characters(char *s)
{
	char *to = s, *end;

	while (*s) {
		if (strncmp(s, "{U+", 3) != 0) {
			*to++ = *s++;
			continue;
		}
		to += u8_uctomb((uint8_t *)to, (ucs4_t)strtoul(s + 3, &end, 16), 4);
		s = end + 1;
	}
	*to = '\0';
}

static void test_row(struct arena *arena, const char *name, const char *email, const char *want)
{
	const char *key = "(refused)", *again;
	struct err err = { 0 };
	bool taken = email_canonical(arena, email, &key, &err);

	if (want[0] == '!') {
		ok(!taken && str_eq(err.field, "email") && strstr(err.message, want + 2),
		   "%s: %s", name, taken ? key : err.message);
		is_str(email_key(arena, email), email_exact(arena, email),
		       "looked for as it is given");
		return;
	}
	is_str(taken ? key : err.message, want, name);
	is_str(email_key(arena, email), want, "looked for so");
	ok(email_canonical(arena, want, &again, &err) && str_eq(again, want), "and that is its own form");
}

static void test_table(void)
{
	const char *source = getenv("PIERRE_SOURCE");
	struct arena *arena = arena_new();
	char line[512], name[256];
	int rows = 0;
	FILE *f = fopen(arena_printf(arena, "%s/tests/unit/email.table", source ? source : "."), "r");

	while (f && fgets(line, sizeof(line), f)) {
		char *bar = strstr(line, " | ");

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || !bar)
			continue;
		*bar = '\0';
		str_copy(name, sizeof(name), line);
		put_characters(line);
		put_characters(bar + 3);
		test_row(arena, name, line, bar + 3);
		rows++;
	}
	ok(rows > 80, "the table was read: %d rows", rows);
	if (f)
		fclose(f);
	arena_free(&arena);
}

static void test_ends(void)
{
	char email[400];
	struct arena *arena = arena_new();
	const char *key;
	struct err err;

	ok(!email_canonical(arena, NULL, &key, &err) && err.kind == ERR_REQUIRED, "none: %s", err.message);
	ok(!email_canonical(arena, "", &key, &err) && err.kind == ERR_REQUIRED, "empty: %s", err.message);
	ok(!email_canonical(arena, "a\xff@example.org", &key, &err) && err.kind == ERR_INVALID, "%s", err.message);
	strcpy(email, "a@");
	for (int i = 0; i < 63; i++)
		strcat(email, "abc.");
	ok(!email_canonical(arena, strcat(email, "d"), &key, &err) && err.kind == ERR_RANGE,
	   "255 bytes: %s", err.message);
	email[254] = '\0';
	email[253] = 'x';
	ok(email_canonical(arena, email, &key, &err), "254");
	strcpy(email, "\xc3\xbc@");
	for (int i = 0; i < 49; i++)
		strcat(email, "\xc3\xbc.");
	ok(!email_canonical(arena, strcat(email, "de"), &key, &err) && strcmp(err.field, "email") == 0,
	   "longer than that in its canonical form: %s", err.message);
	arena_free(&arena);
}

/* One rule for the names of users, tenants and keys. */
static void test_names(void)
{
	static const struct { const char *name; bool good; } rows[] = {
		{ "Anna", true }, { " Anna M\xc3\xbcller ", true }, { "\xe8\xb7\x91", true },
		{ "\xe2\x9d\xa4\xef\xb8\x8f", true /* U+2764 U+FE0F */ },
		{ "a\xc2\xa0" "b", true }, { "\xf0\x9f\xab\xb8", true /* Unicode 15, U+1FAF8 */ },
		{ "", false }, { "  ", false }, { "\xc2\xa0", false }, { "\xe3\x80\x80", false },
		{ " \xe2\x80\x83\xe2\xa0\x80", false /* U+2003 U+2800 */ },
		{ "\xe3\x85\xa4", false /* U+3164 */ }, { "\xef\xb8\x8f", false },
		{ "\xe2\x81\xa5", false /* U+2065 */ }, { "\xef\xbf\xb0 \xf3\xa0\x80\x80", false },
		{ "a\tb", false }, { "a\x7f", false }, { "a\xc2\x85", false },
		{ "a\xe2\x80\xa8" "b", false /* U+2028 */ }, { "a\xe2\x80\x8b", false },
		{ "\xe2\x80\xae" "a", false /* U+202E */ }, { "a\xef\xbb\xbf", false },
		{ "a\xff", false },
	};
	struct err err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool good = name_check(rows[i].name, "name", &err);

		ok(good == rows[i].good && (good || str_eq(err.field, "name")), "name %zu: %s", i,
		   good ? "taken" : err.message);
	}
	ok(name_check(NULL, "name", &err), "no name");
}

int main(void)
{
	test_table();
	test_ends();
	test_names();
	return tap_done();
}
