/*
 * auth/token.c - bearer secrets: session tokens, the setup token, API keys.
 * Pure functions over random bytes, SHA-256 and HMAC; nothing here is stored.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "auth/token.h"

#define SECRET_BYTES 32
#define ACCESS_PREFIX "pat_"
#define REFRESH_PREFIX "prt_"
#define SETUP_PREFIX "setup_"
#define INVITATION_PREFIX "inv_"
#define ADMIN_PREFIX "padm_"
#define RESET_PREFIX REFRESH_PREFIX   /* but shorter */
#define KEY_SECRET 32         /* characters after the prefix */
#define KEY_SCHEME "sha256:"
#define SALT_HEX 32           /* 128 random bits */

/* What a refresh token carries, in this order. */
struct refresh {
	uint8_t session[16];
	uint8_t family[16];
	uint8_t secret[SECRET_BYTES];
};

static const char *const key_prefixes[] = { "pk_live_", "pk_trial_" };

static void write_token(const char *prefix, const void *bytes, size_t n,
			char out[TOKEN_TEXT], char hash_r[SHA256_HEX])
{
	size_t at = strlen(prefix);

	memcpy(out, prefix, at);
	base64url_encode(bytes, n, out + at);
	token_hash(out, hash_r);
}

static void secret_new(const char *prefix, char out[TOKEN_TEXT],
		       char hash_r[SHA256_HEX])
{
	uint8_t secret[SECRET_BYTES];

	random_bytes(secret, sizeof(secret));
	write_token(prefix, secret, sizeof(secret), out, hash_r);
	explicit_bzero(secret, sizeof(secret));
}

void token_access_generate(char out[TOKEN_TEXT], char hash_r[SHA256_HEX])
{
	secret_new(ACCESS_PREFIX, out, hash_r);
}

void token_setup_generate(char out[TOKEN_TEXT], char hash_r[SHA256_HEX])
{
	secret_new(SETUP_PREFIX, out, hash_r);
}

void token_invitation_new(char out[TOKEN_TEXT], char hash_r[SHA256_HEX])
{
	secret_new(INVITATION_PREFIX, out, hash_r);
}

void token_admin_generate(char out[TOKEN_TEXT], char hash_r[SHA256_HEX])
{
	secret_new(ADMIN_PREFIX, out, hash_r);
}

void token_reset_generate(char out[TOKEN_TEXT], char hash_r[SHA256_HEX])
{
	secret_new(RESET_PREFIX, out, hash_r);
}

void token_hash(const char *token, char out[SHA256_HEX])
{
	sha256_hex(token, strlen(token), out);
}

static void uuid_to_bytes(const char *uuid, uint8_t out[16])
{
	char hex[33];
	size_t n = 0;

	for (const char *p = uuid; *p && n < 32; p++)
		if (*p != '-')
			hex[n++] = *p;
	hex[n] = '\0';
	if (!hex_decode(hex, out, 16))
		memset(out, 0, 16);
}

void token_refresh_generate(const char *session_id, char family[33],
			    char out[TOKEN_TEXT], char hash_r[SHA256_HEX])
{
	struct refresh r;

	uuid_to_bytes(session_id, r.session);
	if (family[0] == '\0' || !hex_decode(family, r.family, sizeof(r.family)))
		random_bytes(r.family, sizeof(r.family));
	hex_encode(r.family, sizeof(r.family), family);
	random_bytes(r.secret, sizeof(r.secret));
	write_token(REFRESH_PREFIX, &r, sizeof(r), out, hash_r);
	explicit_bzero(&r, sizeof(r));
}

/* --- a pair that can be made again ------------------------------------------- */

void token_seed_generate(char out[TOKEN_SEED])
{
	uint8_t seed[SECRET_BYTES];

	random_bytes(seed, sizeof(seed));
	hex_encode(seed, sizeof(seed), out);
}

static void derive(const struct subkey *key, const char *session_id, const char *seed,
		   const char *kind, uint8_t secret_r[SECRET_BYTES])
{
	char text[UUID_TEXT + TOKEN_SEED + 8];

	snprintf(text, sizeof(text), "%s|%s|%s", session_id, seed, kind);
	hmac_sha256(key->bytes, sizeof(key->bytes), text, strlen(text), secret_r);
}

void token_access_derive(const struct subkey *key, const char *session_id, const char *seed,
			 char out[TOKEN_TEXT], char hash_r[SHA256_HEX])
{
	uint8_t secret[SECRET_BYTES];

	derive(key, session_id, seed, "access", secret);
	write_token(ACCESS_PREFIX, secret, sizeof(secret), out, hash_r);
	explicit_bzero(secret, sizeof(secret));
}

void token_refresh_derive(const struct subkey *key, const char *session_id, const char *seed,
			  const char *family, char out[TOKEN_TEXT], char hash_r[SHA256_HEX])
{
	struct refresh r;

	uuid_to_bytes(session_id, r.session);
	if (!hex_decode(family, r.family, sizeof(r.family)))
		memset(r.family, 0, sizeof(r.family));
	derive(key, session_id, seed, "refresh", r.secret);
	write_token(REFRESH_PREFIX, &r, sizeof(r), out, hash_r);
	explicit_bzero(&r, sizeof(r));
}

/* --- presented ones ------------------------------------------------------------ */

bool token_refresh_parse(const char *token, char session_id_r[UUID_TEXT],
			 char family_r[33])
{
	struct refresh r;
	size_t n = 0;
	bool ours;

	if (!token || !str_starts(token, REFRESH_PREFIX))
		return false;
	ours = base64url_decode(token + sizeof(REFRESH_PREFIX) - 1, &r, sizeof(r), &n) &&
	       n == sizeof(r);
	if (ours) {
		uuid_format(r.session, session_id_r);
		hex_encode(r.family, sizeof(r.family), family_r);
	}
	explicit_bzero(&r, sizeof(r));
	return ours;
}

/* n characters of [A-Za-z0-9], each equally likely: bytes past the last
 * whole multiple of 62 are thrown away. */
static void random_alnum(char *out, size_t n)
{
	static const char set[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	const unsigned kinds = sizeof(set) - 1;
	size_t have = 0;

	while (have < n) {
		uint8_t bytes[64];

		random_bytes(bytes, sizeof(bytes));
		for (size_t i = 0; i < sizeof(bytes) && have < n; i++)
			if (bytes[i] < 256 / kinds * kinds)
				out[have++] = set[bytes[i] % kinds];
		explicit_bzero(bytes, sizeof(bytes));
	}
	out[n] = '\0';
}

/* SHA-256(salt text | key). */
static void key_digest(const char *salt, const char *key, char out[SHA256_HEX])
{
	char text[SALT_HEX + KEY_TEXT];

	memcpy(text, salt, SALT_HEX);
	str_copy(text + SALT_HEX, KEY_TEXT, key);
	sha256_hex(text, strlen(text), out);
	explicit_bzero(text, sizeof(text));
}

void key_generate(bool trial, char out[KEY_TEXT], char public_r[KEY_PUBLIC],
		  char hash_r[KEY_HASH])
{
	const char *prefix = key_prefixes[trial];
	size_t n = strlen(prefix);
	uint8_t salt[SALT_HEX / 2];
	char salt_hex[SALT_HEX + 1], digest[SHA256_HEX];

	memcpy(out, prefix, n);
	random_alnum(out + n, KEY_SECRET);
	memcpy(public_r, out, KEY_PUBLIC - 1);
	public_r[KEY_PUBLIC - 1] = '\0';
	random_bytes(salt, sizeof(salt));
	hex_encode(salt, sizeof(salt), salt_hex);
	key_digest(salt_hex, out, digest);
	snprintf(hash_r, KEY_HASH, KEY_SCHEME "%s:%s", salt_hex, digest);
}

static bool is_alnum_ascii(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static const char *key_secret(const char *key)
{
	for (size_t i = 0; i < sizeof(key_prefixes) / sizeof(key_prefixes[0]); i++)
		if (str_starts(key, key_prefixes[i]))
			return key + strlen(key_prefixes[i]);
	return NULL;
}

bool key_parse(const char *key, char public_r[KEY_PUBLIC])
{
	const char *secret = key ? key_secret(key) : NULL;

	if (!secret || strlen(secret) != KEY_SECRET)
		return false;
	for (const char *p = secret; *p; p++)
		if (!is_alnum_ascii(*p))
			return false;
	memcpy(public_r, key, KEY_PUBLIC - 1);
	public_r[KEY_PUBLIC - 1] = '\0';
	return true;
}

void key_imported_name(const char *key, char out[KEY_IMPORTED_NAME])
{
	out[0] = '#';
	token_hash(key, out + 1);
}

static bool imported_matches(const char *key, const char *digest)
{
	char name[KEY_IMPORTED_NAME];

	key_imported_name(key, name);
	return strlen(digest) == SHA256_HEX - 1 && equal_ct(name + 1, digest);
}

bool key_matches(const char *key, const char *stored_hash)
{
	char public_id[KEY_PUBLIC], salt[SALT_HEX + 1], digest[SHA256_HEX];
	const char *at;

	if (!stored_hash)
		return false;
	if (!str_starts(stored_hash, KEY_SCHEME))
		return str_starts(stored_hash, KEY_IMPORTED) &&
		       imported_matches(key, stored_hash + sizeof(KEY_IMPORTED) - 1);
	if (!key_parse(key, public_id))
		return false;
	at = stored_hash + sizeof(KEY_SCHEME) - 1;
	if (strlen(at) != SALT_HEX + 1 + SHA256_HEX - 1 || at[SALT_HEX] != ':')
		return false;
	memcpy(salt, at, SALT_HEX);
	salt[SALT_HEX] = '\0';
	key_digest(salt, key, digest);
	return equal_ct(digest, at + SALT_HEX + 1);
}
