/*
 * auth/seal.h - secrets at rest: AES-256-GCM (NIST SP 800-38D). The only caller of
 * libgcrypt's ciphers.
 *
 * Sealed text, the same on both backends: base64url without padding of
 *   1 byte   version, 1
 *   4 bytes  id of the key, big-endian; 0 = a subkey of ENCRYPTION_KEY itself
 *   12 bytes nonce, random
 *   n bytes  ciphertext, as long as the plaintext
 *   16 bytes tag
 * Each value has a key of its own: HKDF-Expand (RFC 5869 section 2.3) of the key by
 * table, column and row, so a random nonce never meets another value's (SP 800-38D
 * section 8.3 allows 2^32 of one key). The associated data are version, key id,
 * table, column, row and the names in `bound`, each behind its length: a value that
 * was moved to another row, column or owner does not open.
 */
#ifndef PIERRE_AUTH_SEAL_H
#define PIERRE_AUTH_SEAL_H

#include <stdint.h>

#include "auth/subkey.h"
#include "base/arena.h"

#define SEAL_BOUND_MAX 4
#define SEAL_PLAIN_MAX (1U << 20)   /* bytes; more is not a secret of one row */

struct seal_key {
	uint32_t id;
	struct subkey key;
};

/* Where a sealed value is at home. The first three must be there; what is not
 * bound is NULL, which is another value than "". */
struct seal_place {
	const char *table, *column, *row;
	const char *bound[SEAL_BOUND_MAX];   /* user, tenant, provider, ...: fixed in the row */
};

/* *out: the sealed text, in the arena. ERR_INTERNAL: no key, no place, too long, or
 * libgcrypt refused. */
bool seal(const struct seal_key *key, const struct seal_place *place, const void *plain,
	  size_t n, struct arena *arena, const char **out, struct err *err_r);

/* Does libgcrypt seal and open here? Not in its FIPS mode. */
bool seal_works(void);

/* Id of the key that sealed it. False: not a sealed text. */
bool seal_key_id(const char *sealed, uint32_t *id_r);

/* *plain_r: *n_r bytes and a NUL behind them, in the arena; NULL unless it opened:
 * no byte of what did not prove itself is left in memory. ERR_INTERNAL reason
 * "sealed": another key, another place, or not what was sealed. */
bool seal_open(const struct seal_key *key, const struct seal_place *place, const char *sealed,
	       struct arena *arena, char **plain_r, size_t *n_r, struct err *err_r);

/* --- for seal.c and its test of published vectors ------------------------------- */

#define GCM_NONCE 12
#define GCM_TAG 16

/* The cipher alone, in place; key: SHA256_BYTES bytes. False: libgcrypt refused, or
 * (gcm_decrypt) the tag is not the one of these bytes, which are wiped then. */
bool gcm_encrypt(const unsigned char *key, const unsigned char nonce[GCM_NONCE], const void *aad,
		 size_t aad_n, unsigned char *text, size_t n, unsigned char tag_r[GCM_TAG]);
bool gcm_decrypt(const unsigned char *key, const unsigned char nonce[GCM_NONCE], const void *aad,
		 size_t aad_n, unsigned char *text, size_t n, const unsigned char tag[GCM_TAG]);

#endif
