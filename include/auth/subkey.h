/*
 * auth/subkey.h - keys that are derived from ENCRYPTION_KEY, one a purpose, so
 * that a process holds the keys of its purposes and not the one they come from.
 *
 * HKDF-Expand of RFC 5869 section 2.3 with SHA-256 and the purpose as `info`;
 * ENCRYPTION_KEY is uniform already, so there is no Extract (section 3.3).
 */
#ifndef PIERRE_AUTH_SUBKEY_H
#define PIERRE_AUTH_SUBKEY_H

#include <stdbool.h>

#include "auth/auth.h"

/* All zero: there is no key. */
struct subkey {
	bool set;
	unsigned char bytes[SHA256_BYTES];
};

#define SUBKEY_SESSION_PAIR "pierre session pair"   /* auth/token.h: token_*_derive() */
#define SUBKEY_AUDIT_HEAD "pierre audit head"       /* op/audit_hash.h: audit_head_mac() */

/* key: of SHA256_BYTES bytes. */
void subkey_derive(const unsigned char *key, const char *purpose, struct subkey *out);

#endif
