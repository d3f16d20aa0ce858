/*
 * auth/auth.h - start of libgcrypt, random bytes, digests, constant-time compare.
 */
#ifndef PIERRE_AUTH_AUTH_H
#define PIERRE_AUTH_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* Once per process, after fork (R10: no RNG state crosses one). */
bool auth_init(struct err *err_r);

/* Is libgcrypt in FIPS mode? After auth_init(). */
bool auth_fips_mode(void);

/* Strong random bytes (getentropy); ends the process when the kernel has none. */
void random_bytes(void *out, size_t n);
void random_uuid(char out[UUID_TEXT]);   /* version 4, RFC 9562 section 5.4 */

#define SHA256_BYTES 32
#define SHA256_HEX 65
void sha256_hex(const void *data, size_t n, char out[SHA256_HEX]);
void hmac_sha256(const void *key, size_t key_n, const void *data, size_t n,
		 uint8_t out[SHA256_BYTES]);
void hmac_sha256_hex(const void *key, size_t key_n, const void *data, size_t n,
		     char out[SHA256_HEX]);

/* Time depends on the lengths only; NULL equals nothing. */
bool equal_ct(const char *a, const char *b);

#endif
