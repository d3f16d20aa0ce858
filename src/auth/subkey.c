/*
 * auth/subkey.c - a key of its own for each purpose: the first block of
 * HKDF-Expand, which is as long as the key that is wanted.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "auth/subkey.h"

#define PURPOSE_MAX 64

void subkey_derive(const unsigned char *key, const char *purpose, struct subkey *out)
{
	char info[PURPOSE_MAX];
	size_t n = strlen(purpose);

	if (n >= sizeof(info))
		abort();   /* cut, it could be another purpose */
	memcpy(info, purpose, n);
	info[n] = 1;   /* number of the block, in place of the NUL */
	hmac_sha256(key, SHA256_BYTES, info, n + 1, out->bytes);
	out->set = true;
}
