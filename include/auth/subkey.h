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

/* All that hangs on ENCRYPTION_KEY; 0 derives nothing. */
enum subkey_purpose {
	SUBKEY_UNSET,
	SUBKEY_KEY_CHECK,        /* op/instance.h */
	SUBKEY_MASTER_ID,        /* auth/master.h: master_id() */
	SUBKEY_WRAP,             /* op/vault_key.h: wraps data keys */
	SUBKEY_SESSION_PAIR,     /* auth/token.h: token_*_derive() */
	SUBKEY_AUDIT_HEAD,       /* op/audit_hash.h: audit_head_mac() */
	SUBKEY_REPLY,            /* op/claim.h: key 0 of auth/seal.h */
	SUBKEY_SPOOL,            /* op/spool.h: key 0 of auth/seal.h */
	SUBKEY__COUNT
};

struct subkey_row {
	const char *label;       /* the `info` of the derivation; never changed, never reused */
	const char *sentence;    /* what it is for */
	const char *after;       /* what `pierre keys master` does to it */
};
extern const struct subkey_row subkey_rows[SUBKEY__COUNT];

/* key: of SHA256_BYTES bytes. Ends the process when the purpose has no row. */
void subkey_derive(const unsigned char *key, enum subkey_purpose purpose, struct subkey *out);

#endif
