/*
 * tests/unit/mask.c - which runs are cut short, which stay, and that a cut of
 * the whole shows no more of one; and what the log makes of a client's text.
 */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "auth/token.h"
#include "base/log.h"
#include "base/mask.h"
#include "base/str.h"
#include "tap.h"

#define UUID "0123abcd-89AB-cdef-0123-456789abcdef"
#define R19 "abcdefghijklmnopqrs"
#define R20 R19 "t"
#define KEY "pk_live_" R20 "uvwxyz012345"

static struct arena *arena;

static const struct { const char *in, *out, *why; } cases[] = {
	{ "", "", "nothing" },
	{ "/verify", "/verify", "a path" },
	{ R19, R19, "19 characters" },
	{ R20, "abcdefgh...", "20" },
	{ "ABCDEFGHIJKLMNOPQRST", "ABCDEFGH...", "upper case" },
	{ "01234567890123456789", "01234567...", "digits" },
	{ "--------------------", "--------...", "hyphens" },
	{ "____________________", "________...", "underscores" },
	{ "%41%42%43%44%45%46%47", "%41%42%4...", "escapes" },
	{ R19 "/" R19 "." R19 "+" R19, R19 "/" R19 "." R19 "+" R19, "other characters end a run" },
	{ R19 "\xc3\xa9" R19, R19 "\xc3\xa9" R19, "so do other letters" },
	{ KEY, "pk_live_...", "a key" },
	{ "/verify/" KEY, "/verify/pk_live_...", "a key in a path" },
	{ "/verify/%70k_live_" R20, "/verify/%70k_liv...", "a prefix that is encoded" },
	{ "/a/" KEY "/b/" KEY, "/a/pk_live_.../b/pk_live_...", "two in one line" },
	{ "?api_key=" KEY "&x=1", "?api_key=pk_live_...&x=1", "a key in a query" },
	{ "app/1 (" KEY "; x)", "app/1 (pk_live_...; x)", "a key in a user agent" },
	{ "%2D%2d" R20, "%2D%2dab...", "hyphens that are encoded" },
	{ "eyJhbGciOiJIUzI1NiIsInR5cCI6.eyJzdWIiOiIxMjM0NTY3ODkwIiwi.c2ln",
	  "eyJhbGci....eyJzdWIi....c2ln", "a token of three parts" },
	{ UUID, UUID, "a UUID" },
	{ "/api/keys/" UUID "/usage", "/api/keys/" UUID "/usage", "a UUID in a path" },
	{ UUID "0", "0123abcd...", "a UUID and one character more" },
	{ "x" UUID, "x0123abc...", "one before it" },
	{ UUID "-" UUID, "0123abcd...", "two that touch" },
	{ UUID "/" KEY, UUID "/pk_live_...", "a UUID and a key" },
	{ "0123abcd-89AB-cdef-0123_456789abcdef", "0123abcd...", "nearly a UUID" },
	{ "0123abcd-89AB-cdef-0123-456789abcdeg", "0123abcd...", "nor this" },
	{ "pk_live_...", "pk_live_...", "masked already" },
	{ "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0",
	  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0",
	  "a browser" },
};

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[256], again[256];
		bool differs = strcmp(cases[i].in, cases[i].out) != 0;

		ok(mask_copy(out, sizeof(out), cases[i].in), "%s", cases[i].why);
		is_str(out, cases[i].out, "  masked");
		is_str(mask_text(arena, cases[i].in), out, "  the same on the arena");
		ok(mask_finds(cases[i].in) == differs, "  found: %s", differs ? "yes" : "no");
		mask_copy(again, sizeof(again), out);
		is_str(again, out, "  once more changes nothing");
	}
	is_str(mask_text(arena, NULL), NULL, "NULL stays NULL on the arena");
}

/* By the definition, a character at a time. */
static void by_definition(const char *s, char *out)
{
	while (*s) {
		size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_%-");
		char uuid[UUID_TEXT];

		if (n >= 20 && !uuid_parse(arena_strndup(arena, s, n), uuid)) {
			out += sprintf(out, "%.8s...", s);
			s += n;
		} else {
			memcpy(out, s, n + (s[n] != '\0'));
			out += n + (s[n] != '\0');
			s += n + (s[n] != '\0');
		}
	}
	*out = '\0';
}

static void test_definition(void)
{
	static const char *const pieces[] = { "a", "/", "Zz9", "....", R19, R20, UUID, "-", "%2F", "abcdefg" };
	char in[1024], out[1024], due[1024];
	size_t differ = 0;

	srand(7);
	for (int i = 0; i < 20000; i++) {
		in[0] = '\0';
		for (int n = rand() % 20; n > 0; n--)
			strcat(in, pieces[rand() % (int)(sizeof(pieces) / sizeof(pieces[0]))]);
		by_definition(in, due);
		mask_copy(out, sizeof(out), in);
		if ((strcmp(out, due) != 0 || mask_finds(in) != (strcmp(in, due) != 0)) && differ++ < 3)
			printf("# %s -> %s, not %s\n", in, out, due);
	}
	is_int((int64_t)differ, 0, "20,000 texts of such pieces are masked as the definition says");
}

/* Whatever space there is: a run that is cut through shows its first 8 at most. */
static void test_cut(void)
{
	static const char in[] = "\xc3\xa9 " KEY " x";
	char out[64];

	for (size_t size = 1; size < 20; size++) {
		const char *whole = "\xc3\xa9 pk_live_... x";
		bool fits = mask_copy(out, size, in);

		ok(strncmp(out, whole, strlen(out)) == 0 && strlen(out) < size, "%zu bytes: %s", size, out);
		ok(fits == (strlen(whole) < size), "  says whether it fitted");
	}
	mask_copy(out, 2, in);
	is_str(out, "", "no half of a character");
	ok(mask_copy(out, sizeof(out), NULL), "NULL");
	is_str(out, "", "  is nothing");
}

/* All that auth/token.c makes has the shape. */
static void test_tokens(void)
{
	char text[TOKEN_TEXT], hash[SHA256_HEX], key[KEY_TEXT], public_id[KEY_PUBLIC], stored[KEY_HASH];
	char family[33] = "";

	token_access_generate(text, hash);
	is_int((int64_t)strlen(mask_text(arena, text)), 11, "an access token");
	token_setup_generate(text, hash);
	is_int((int64_t)strlen(mask_text(arena, text)), 11, "a setup token");
	token_refresh_generate("0123abcd-89ab-cdef-0123-456789abcdef", family, text, hash);
	is_int((int64_t)strlen(mask_text(arena, text)), 11, "a refresh token");
	for (int trial = 0; trial < 2; trial++) {
		key_generate(trial, key, public_id, stored);
		is_int((int64_t)strlen(mask_text(arena, key)), 11, "a key");
		is_str(mask_text(arena, public_id), public_id, "its public id stays");
	}
}

/* The line that one event writes. */
static void logged(const char *text, char *out, size_t size)
{
	char name[] = "/tmp/pierre-mask.XXXXXX";
	int file = mkstemp(name), was = dup(STDERR_FILENO);
	ssize_t n;

	dup2(file, STDERR_FILENO);
	log_info("test", LOG_CLIENT("path", text), LOG_S("id", R20));
	dup2(was, STDERR_FILENO);
	n = pread(file, out, size - 1, 0);
	out[n > 0 ? n : 0] = '\0';
	close(was);
	close(file);
	unlink(name);
}

static void test_log(void)
{
	char line[4096], *text = arena_alloc(arena, 1001);

	logged("/v/" KEY " \n", line, sizeof(line));
	ok(strstr(line, " path=\"/v/pk_live_... \\u000a\" id=" R20 "\n") != NULL, "a client's text: %s", line);
	logged(NULL, line, sizeof(line));
	ok(strstr(line, " path=- ") != NULL, "none");
	memset(text, '/', 1000);
	logged(text, line, sizeof(line));
	ok(strstr(line, "//... id=") != NULL, "a long one is cut, the rest of the line stays");
	memcpy(text + 508, KEY, sizeof(KEY) - 1);
	logged(text, line, sizeof(line));
	ok(strstr(line, "/pk_l... id=") != NULL, "a key at the cut shows no more than before it");
}

int main(void)
{
	arena = arena_new();
	test_cases();
	test_definition();
	test_cut();
	test_tokens();
	test_log();
	arena_free(&arena);
	return tap_done();
}
