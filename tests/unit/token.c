/* tests/unit/token.c - bearer secrets: shapes, stored forms, parsing. */
#include "config.h"

#include <ctype.h>
#include <string.h>

#include "auth/token.h"
#include "tap.h"

#define SESSION "0f8fad5b-d9cb-469f-a165-70867728950e"

static void test_access(void)
{
	char a[TOKEN_TEXT], b[TOKEN_TEXT], ha[SHA256_HEX], hb[SHA256_HEX], again[SHA256_HEX];

	token_access_generate(a, ha);
	token_access_generate(b, hb);
	ok(strncmp(a, "pat_", 4) == 0, "access token starts with pat_");
	is_int((int64_t)strlen(a), 4 + 43, "access token holds 32 bytes");
	ok(strcmp(a, b) != 0, "two access tokens differ");
	token_hash(a, again);
	is_str(again, ha, "hash of the text is the hash that was given");
	is_int((int64_t)strlen(ha), 64, "hash is SHA-256 in hex");
	token_setup_generate(b, hb);
	ok(strncmp(b, "setup_", 6) == 0, "setup token starts with setup_");
	is_int((int64_t)strlen(b), 6 + 43, "setup token holds 32 bytes");
}

static void test_refresh(void)
{
	char family[33] = "", kept[33], a[TOKEN_TEXT], b[TOKEN_TEXT];
	char ha[SHA256_HEX], hb[SHA256_HEX], id[UUID_TEXT], f[33];
	static const char *const bad[] = {
		"", "prt_", "pat_AAAA", "prt_!!!!", "prt_AAAA", "garbage",
	};

	token_refresh_generate(SESSION, family, a, ha);
	is_int((int64_t)strlen(family), 32, "a family is made when none is given");
	memcpy(kept, family, sizeof(kept));
	token_refresh_generate(SESSION, family, b, hb);
	is_str(family, kept, "a given family stays");
	ok(strcmp(a, b) != 0 && strcmp(ha, hb) != 0, "rotation makes another token");
	ok(token_refresh_parse(b, id, f), "a refresh token is known by its shape");
	is_str(id, SESSION, "session id comes back");
	is_str(f, family, "family comes back");
	ok(strlen(b) < TOKEN_TEXT, "it fits");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!token_refresh_parse(bad[i], id, f), "refused: \"%s\"", bad[i]);
	ok(!token_refresh_parse(NULL, id, f), "refused: NULL");
	memcpy(b + strlen(b), "A", 2);
	ok(!token_refresh_parse(b, id, f), "refused: one character more");
	a[strlen(a) - 1] = '\0';
	ok(!token_refresh_parse(a, id, f), "refused: one character less");
}

/* Made by Perl's Digest::SHA and MIME::Base64. */
static void test_derived(void)
{
	static const char subkey_hex[] = "75e0fa9888e1f23dca00ca1b11997d392e5c069959bc7e4ef0374d3c89c386d0";
	static const char family[] = "11111111111111111111111111111111";
	char seed[TOKEN_SEED], other[TOKEN_SEED], a[TOKEN_TEXT], r[TOKEN_TEXT], ha[SHA256_HEX], hr[SHA256_HEX];
	char hex[2 * SHA256_BYTES + 1], id[UUID_TEXT], f[33];
	unsigned char master[SHA256_BYTES];
	struct subkey key = { 0 };

	for (size_t i = 0; i < sizeof(master); i++)
		master[i] = (unsigned char)i;
	ok(!key.set, "a zeroed subkey is none");
	subkey_derive(master, SUBKEY_SESSION_PAIR, &key);
	ok(key.set, "a derived one is");
	hex_encode(key.bytes, sizeof(key.bytes), hex);
	is_str(hex, subkey_hex, "the subkey is HKDF-Expand's first block");
	memset(seed, '5', sizeof(seed));
	for (size_t i = 1; i < sizeof(seed); i += 2)
		seed[i] = 'a';
	seed[sizeof(seed) - 1] = '\0';
	token_access_derive(&key, SESSION, seed, a, ha);
	is_str(a, "pat_8iCtbHcNZLS7P_LzE8bXyE_A6kZ1wPDm50SazQlvHkg", "access token of a seed");
	token_hash(a, hex);
	is_str(ha, hex, "and its hash");
	token_refresh_derive(&key, SESSION, seed, family, r, hr);
	is_str(r, "prt_D4-tW9nLRp-hZXCGdyiVDhERERERERERERERERERERFsKGzhAunrUasQsSuh6g6XS6LXMqnYw5uHrL6QL06Oyg",
	       "refresh token of it");
	token_hash(r, hex);
	is_str(hr, hex, "and its hash");
	ok(token_refresh_parse(r, id, f), "it has the shape of one");
	is_str(id, SESSION, "with the session");
	is_str(f, family, "and the family");
	token_seed_generate(seed);
	token_seed_generate(other);
	is_int((int64_t)strlen(seed), 64, "a seed is 32 bytes");
	ok(strcmp(seed, other) != 0, "two differ");
}

/* Sc 18. */
static void check_key(bool trial, const char *prefix, size_t length)
{
	char key[KEY_TEXT], public_id[KEY_PUBLIC], hash[KEY_HASH], parsed[KEY_PUBLIC];
	char other[KEY_TEXT];
	bool alnum = true;

	key_generate(trial, key, public_id, hash);
	ok(strncmp(key, prefix, strlen(prefix)) == 0, "key starts with %s", prefix);
	is_int((int64_t)strlen(key), (int64_t)length, "key length");
	for (const char *p = key + strlen(prefix); *p; p++)
		alnum = alnum && isalnum((unsigned char)*p);
	ok(alnum, "secret is letters and digits");
	ok(strncmp(key, public_id, 16) == 0 && strlen(public_id) == 16,
	   "public id is the first 16 characters");
	ok(key_parse(key, parsed), "key parses");
	is_str(parsed, public_id, "parse gives the public id");
	ok(strncmp(hash, "sha256:", 7) == 0, "stored form names its scheme");
	is_int((int64_t)strlen(hash), 7 + 32 + 1 + 64, "stored form: salt and digest");
	ok(!strstr(hash, key + 16), "stored form does not hold the secret");
	ok(key_matches(key, hash), "the key matches");
	memcpy(other, key, sizeof(other));
	other[length - 1] = other[length - 1] == 'a' ? 'b' : 'a';
	ok(!key_matches(other, hash), "a key that differs at its end does not match");
}

/* Sc 18. */
static void test_stored_form(void)
{
	char key[KEY_TEXT], public_id[KEY_PUBLIC], hash[KEY_HASH], text[128], digest[SHA256_HEX];
	char again[KEY_HASH], key2[KEY_TEXT];

	key_generate(false, key, public_id, hash);
	snprintf(text, sizeof(text), "%.32s%s", hash + 7, key);
	sha256_hex(text, strlen(text), digest);
	is_str(hash + 40, digest, "digest is SHA-256 of salt text and key");
	key_generate(false, key2, public_id, again);
	ok(strncmp(hash, again, 39) != 0, "each key has its own salt");
	ok(!key_matches(key, NULL), "no stored form, no match");
	ok(key_matches("abc", KEY_IMPORTED "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), "an imported one, of any form");
	ok(!key_matches("abd", KEY_IMPORTED "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), "another text");
	ok(!key_matches("abc", KEY_IMPORTED "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a"), "a digit is missing");
	ok(!key_matches(key, hash + 7), "a stored form without scheme never matches");
	hash[strlen(hash) - 1] = '\0';
	ok(!key_matches(key, hash), "a cut stored form never matches");
}

/* Sc 19. */
static void test_key_refused(void)
{
	static const char *const bad[] = {
		"", "bearer token", "pk_live_", "pk_test_abcdefghijklmnopqrstuvwxyz012345",
		"pk_live_abcdefghijklmnopqrstuvwxyz01234",
		"pk_live_abcdefghijklmnopqrstuvwxyz0123456",
		"pk_live_abcdefghijklmnopqrstuvwxyz01234-",
		"PK_LIVE_abcdefghijklmnopqrstuvwxyz012345",
		" pk_live_abcdefghijklmnopqrstuvwxyz012345",
		"pk_trial_abcdefghijklmnopqrstuvwxyz01234",
	};
	char public_id[KEY_PUBLIC];

	ok(key_parse("pk_live_abcdefghijklmnopqrstuvwxyz012345", public_id),
	   "well-formed live key");
	ok(key_parse("pk_trial_abcdefghijklmnopqrstuvwxyz012345", public_id),
	   "well-formed trial key");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!key_parse(bad[i], public_id), "refused: \"%s\"", bad[i]);
	ok(!key_parse(NULL, public_id), "refused: NULL");
}

/* Sc 18. */
static void test_distinct(void)
{
	enum { N = 200 };
	static char keys[N][KEY_TEXT];
	char public_id[KEY_PUBLIC], hash[KEY_HASH];
	int same = 0;

	for (int i = 0; i < N; i++) {
		key_generate(false, keys[i], public_id, hash);
		for (int j = 0; j < i; j++)
			same += strncmp(keys[i], keys[j], 16) == 0;
	}
	is_int(same, 0, "200 keys have 200 public ids");
}

int main(void)
{
	struct err err;

	ok(auth_init(&err), "libgcrypt starts");
	test_access();
	test_refresh();
	test_derived();
	check_key(false, "pk_live_", 40);
	check_key(true, "pk_trial_", 41);
	test_stored_form();
	test_key_refused();
	test_distinct();
	return tap_done();
}
