/* tests/unit/seal.c - AES-256-GCM against published vectors; what is sealed opens
 * only whole, in its place and with its key. */
#include "config.h"

#include <string.h>

#include "auth/seal.h"
#include "tap.h"

static const struct seal_place home = {
	"oauth_tokens", "access_token", "7d8b1bd2-0f5f-4a50-a1f0-2d0d1f0b6f0a",
	{ "user-1", "tenant-1", "strava" },
};

static struct seal_key key_of(uint32_t id, unsigned char fill)
{
	struct seal_key key = { .id = id, .key.set = true };

	memset(key.key.bytes, fill, sizeof(key.key.bytes));
	return key;
}

static int64_t left_of(const unsigned char *text, size_t n)
{
	int64_t left = 0;

	for (size_t i = 0; i < n; i++)
		left += text[i] != 0;
	return left;
}

/* RFC 7516 appendix A.1: A256GCM. */
static void test_rfc7516(void)
{
	static const unsigned char key[32] = {
		177, 161, 244, 128, 84, 143, 225, 115, 63, 180, 3, 255, 107, 154, 212, 246,
		138, 7, 110, 91, 112, 46, 34, 105, 47, 130, 203, 46, 122, 234, 64, 252,
	}, nonce[GCM_NONCE] = { 227, 197, 117, 252, 2, 219, 233, 68, 180, 225, 77, 219 };
	static const char aad[] = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ";
	static const char plain[] = "The true sign of intelligence is not knowledge but imagination.";
	unsigned char text[sizeof(plain)], tag[GCM_TAG];
	char encoded[128];

	memcpy(text, plain, sizeof(plain));
	ok(gcm_encrypt(key, nonce, aad, strlen(aad), text, strlen(plain), tag), "encrypted");
	base64url_encode(text, strlen(plain), encoded);
	is_str(encoded, "5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3"
	       "ajwQzaBtQD_A", "RFC 7516 A.1: ciphertext");
	base64url_encode(tag, sizeof(tag), encoded);
	is_str(encoded, "XFBoMYUZodetZdvTiFvSkQ", "RFC 7516 A.1: tag");
	ok(gcm_decrypt(key, nonce, aad, strlen(aad), text, strlen(plain), tag), "and decrypted");
	is_str((char *)text, plain, "to the same text");
	gcm_encrypt(key, nonce, aad, strlen(aad), text, strlen(plain), tag);
	tag[GCM_TAG - 1] ^= 1;
	ok(!gcm_decrypt(key, nonce, aad, strlen(aad), text, strlen(plain), tag), "with another tag it does not decrypt");
	is_int(left_of(text, strlen(plain)), 0, "and leaves no byte of its text");
}

/* The GCM specification (McGrew, Viega 2005), test cases 13 and 14: a key of zeros. */
static void test_zeros(void)
{
	unsigned char key[32] = { 0 }, nonce[GCM_NONCE] = { 0 }, text[16] = { 0 }, tag[GCM_TAG];
	char hex[33];

	ok(gcm_encrypt(key, nonce, "", 0, text, 0, tag), "nothing is encrypted");
	hex_encode(tag, sizeof(tag), hex);
	is_str(hex, "530f8afbc74536b9a963b4f1c4cb738b", "test case 13: tag");
	ok(gcm_encrypt(key, nonce, "", 0, text, sizeof(text), tag), "16 zeros are encrypted");
	hex_encode(text, sizeof(text), hex);
	is_str(hex, "cea7403d4d606b6e074ec5d3baf39d18", "test case 14: ciphertext");
	hex_encode(tag, sizeof(tag), hex);
	is_str(hex, "d0d1c8a799996bf0265b98b5d48ab919", "test case 14: tag");
}

/* Sc 53, 54. */
static void test_opens(struct arena *arena)
{
	struct seal_key key = key_of(7, 0x5a);
	static const char unicode[] = "t\u00f6k\u00e9n \U0001f6b2 \u65e5\u672c";
	char *big = arena_alloc(arena, SEAL_PLAIN_MAX + 1), *plain;
	const char *sealed, *again;
	uint32_t id;
	size_t n;

	ok(seal(&key, &home, "a\0b", 3, arena, &sealed, NULL), "a secret is sealed");
	ok(seal(&key, &home, "a\0b", 3, arena, &again, NULL) && strcmp(sealed, again) != 0,
	   "twice, to two texts");
	ok(seal_key_id(sealed, &id) && id == 7, "its key can be told");
	ok(seal_open(&key, &home, sealed, arena, &plain, &n, NULL) && n == 3 &&
	   memcmp(plain, "a\0b", 4) == 0, "it opens to the same bytes");
	ok(seal(&key, &home, "", 0, arena, &sealed, NULL) &&
	   seal_open(&key, &home, sealed, arena, &plain, &n, NULL) && n == 0, "an empty one too");
	ok(seal(&key, &home, unicode, strlen(unicode), arena, &sealed, NULL) &&
	   seal_open(&key, &home, sealed, arena, &plain, &n, NULL) && str_eq(plain, unicode), "one of all letters");
	memset(big, 'x', SEAL_PLAIN_MAX);
	ok(seal(&key, &home, big, SEAL_PLAIN_MAX, arena, &sealed, NULL) &&
	   seal_open(&key, &home, sealed, arena, &plain, &n, NULL) && n == SEAL_PLAIN_MAX && memcmp(plain, big, SEAL_PLAIN_MAX) == 0,
	   "and one of a megabyte");
	ok(!seal(&key, &home, big, SEAL_PLAIN_MAX + 1, arena, &sealed, NULL), "more is none");
}

static bool opens(const struct seal_key *key, const struct seal_place *place, const char *sealed,
		  struct arena *arena)
{
	char *plain = (char *)arena;
	struct err err;
	size_t n;
	bool done = seal_open(key, place, sealed, arena, &plain, &n, &err);

	if (!done && (plain || n || err.kind != ERR_INTERNAL))
		ok(false, "what does not open gives nothing");
	return done;
}

/* Sc 14. */
static void test_every_byte(struct arena *arena)
{
	struct seal_key key = key_of(7, 0x5a);
	unsigned char raw[64];
	const char *sealed;
	char bad[128];
	size_t n, opened = 0;

	seal(&key, &home, "secret", 6, arena, &sealed, NULL);
	base64url_decode(sealed, raw, sizeof(raw), &n);
	is_int((int64_t)n, 5 + GCM_NONCE + 6 + GCM_TAG, "head, nonce, text and tag");
	for (size_t bit = 0; bit < 8 * n; bit++) {
		raw[bit / 8] ^= (unsigned char)(1 << bit % 8);
		base64url_encode(raw, n, bad);
		opened += opens(&key, &home, bad, arena);
		raw[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	is_int((int64_t)opened, 0, "with any bit flipped it does not open");
	for (size_t short_n = 0; short_n < n; short_n++) {
		base64url_encode(raw, short_n, bad);
		opened += opens(&key, &home, bad, arena);
	}
	is_int((int64_t)opened, 0, "cut anywhere it does not open");
	ok(!opens(&key, &home, NULL, arena) && !opens(&key, &home, "plain", arena),
	   "nothing, and a plain text, do not open");
}

static void test_place(struct arena *arena)
{
	struct seal_place at[] = { home, home, home, home, home, home, home, home };
	struct seal_key key = key_of(7, 0x5a), id = key_of(8, 0x5a), bytes = key_of(7, 0x5b);
	const char *sealed;

	at[0].table = "oauth_token";
	at[1].column = "refresh_token";
	at[2].row = "7d8b1bd2-0f5f-4a50-a1f0-2d0d1f0b6f0b";
	at[3].bound[0] = "user-2";
	at[4].bound[1] = NULL;
	at[5].bound[2] = "";
	at[6].bound[3] = "";
	at[7].table = "oauth_tokensa", at[7].column = "ccess_token";
	seal(&key, &home, "secret", 6, arena, &sealed, NULL);
	ok(opens(&key, &home, sealed, arena), "in its place it opens");
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		ok(!opens(&key, &at[i], sealed, arena), "in another place (%zu) it does not", i);
	ok(!opens(&id, &home, sealed, arena), "nor by a key of another id");
	ok(!opens(&bytes, &home, sealed, arena), "nor by other bytes of that id");
}

/* Sc 54. */
static void test_refuses(struct arena *arena)
{
	struct seal_key key = key_of(7, 0x5a), none = { .id = 7 };
	struct seal_place nowhere = { .table = "t", .column = "c" };
	const char *sealed = "";
	struct err err;

	ok(!seal(&none, &home, "x", 1, arena, &sealed, &err) && !sealed,
	   "without a key nothing is sealed");
	ok(!seal(&key, &nowhere, "x", 1, arena, &sealed, &err), "nor without a row");
	ok(!seal(&key, &home, "x", SEAL_PLAIN_MAX + 1, arena, &sealed, &err), "nor what is too long");
	ok(err.kind == ERR_INTERNAL, "each with an error");
}

int main(void)
{
	struct arena *arena = arena_new();
	struct err err;

	ok(auth_init(&err), "libgcrypt starts");
	test_rfc7516();
	test_zeros();
	test_opens(arena);
	test_every_byte(arena);
	test_place(arena);
	test_refuses(arena);
	arena_free(&arena);
	return tap_done();
}
