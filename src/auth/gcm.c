/* auth/gcm.c - AES-256-GCM by libgcrypt, one text a handle. */
#include "config.h"

#include <gcrypt.h>
#include <string.h>

#include "auth/seal.h"

/* A handle with key, nonce and associated data; NULL = libgcrypt refused. */
static gcry_cipher_hd_t begin(const unsigned char *key, const unsigned char *nonce,
			      const void *aad, size_t aad_n)
{
	gcry_cipher_hd_t h;

	if (gcry_cipher_open(&h, GCRY_CIPHER_AES256, GCRY_CIPHER_MODE_GCM, 0))
		return NULL;
	if (!gcry_cipher_setkey(h, key, SHA256_BYTES) && !gcry_cipher_setiv(h, nonce, GCM_NONCE) &&
	    !gcry_cipher_authenticate(h, aad, aad_n) && !gcry_cipher_final(h))
		return h;
	gcry_cipher_close(h);
	return NULL;
}

bool gcm_encrypt(const unsigned char *key, const unsigned char nonce[GCM_NONCE], const void *aad,
		 size_t aad_n, unsigned char *text, size_t n, unsigned char tag_r[GCM_TAG])
{
	gcry_cipher_hd_t h = begin(key, nonce, aad, aad_n);
	bool done;

	if (!h)
		return false;
	done = !gcry_cipher_encrypt(h, text, n, NULL, 0) && !gcry_cipher_gettag(h, tag_r, GCM_TAG);
	gcry_cipher_close(h);
	if (!done)
		explicit_bzero(text, n);
	return done;
}

bool gcm_decrypt(const unsigned char *key, const unsigned char nonce[GCM_NONCE], const void *aad,
		 size_t aad_n, unsigned char *text, size_t n, const unsigned char tag[GCM_TAG])
{
	gcry_cipher_hd_t h = begin(key, nonce, aad, aad_n);
	bool done;

	if (!h)
		return false;
	done = !gcry_cipher_decrypt(h, text, n, NULL, 0) && !gcry_cipher_checktag(h, tag, GCM_TAG);
	gcry_cipher_close(h);
	if (!done)
		explicit_bzero(text, n);
	return done;
}
