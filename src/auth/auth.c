/*
 * auth/auth.c - libgcrypt's start, random bytes, digests, constant-time
 * compare. The other files of this layer come here for bytes and digests.
 */
#include "config.h"

#include <gcrypt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/auth.h"

#define GCRYPT_LEAST "1.9.0"
#define ENTROPY_MAX 256  /* getentropy() gives no more in one call */

bool auth_init(struct err *err_r)
{
	if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P))
		return true;
	if (!gcry_check_version(GCRYPT_LEAST))
		return err_set(err_r, ERR_CONFIG, "libgcrypt is older than %s",
			       GCRYPT_LEAST);
	/* keys are wiped where they end, so no secure memory is needed */
	gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	return true;
}

bool auth_fips_mode(void)
{
	return gcry_fips_mode_active();
}

void random_bytes(void *out, size_t n)
{
	uint8_t *at = out;

	while (n > 0) {
		size_t part = n < ENTROPY_MAX ? n : ENTROPY_MAX;

		if (getentropy(at, part) != 0)
			abort();
		at += part;
		n -= part;
	}
}

void random_uuid(char out[UUID_TEXT])
{
	uint8_t b[16];

	random_bytes(b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	uuid_format(b, out);
}

void sha256_hex(const void *data, size_t n, char out[SHA256_HEX])
{
	uint8_t digest[SHA256_BYTES];

	gcry_md_hash_buffer(GCRY_MD_SHA256, digest, data, n);
	hex_encode(digest, sizeof(digest), out);
	explicit_bzero(digest, sizeof(digest));
}

void hmac_sha256(const void *key, size_t key_n, const void *data, size_t n,
		 uint8_t out[SHA256_BYTES])
{
	gcry_buffer_t parts[2];

	memset(parts, 0, sizeof(parts));
	parts[0].data = (void *)(uintptr_t)key;
	parts[0].len = key_n;
	parts[1].data = (void *)(uintptr_t)data;
	parts[1].len = n;
	if (gcry_md_hash_buffers(GCRY_MD_SHA256, GCRY_MD_FLAG_HMAC, out, parts, 2))
		abort();
}

void hmac_sha256_hex(const void *key, size_t key_n, const void *data, size_t n,
		     char out[SHA256_HEX])
{
	uint8_t digest[SHA256_BYTES];

	hmac_sha256(key, key_n, data, n, digest);
	hex_encode(digest, sizeof(digest), out);
	explicit_bzero(digest, sizeof(digest));
}

bool equal_ct(const char *a, const char *b)
{
	size_t na, nb, n;
	int differ;

	if (!a || !b)
		return false;
	na = strlen(a);
	nb = strlen(b);
	n = na < nb ? na : nb;
	differ = na != nb;
	for (size_t i = 0; i < n; i++)
		differ |= (unsigned char)a[i] ^ (unsigned char)b[i];
	return differ == 0;
}
