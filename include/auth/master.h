/*
 * auth/master.h - the master key is ENCRYPTION_KEY. While it is changed (`pierre keys
 * master`) a host has two, this one and ENCRYPTION_KEY_PREVIOUS; which of them is in use
 * is said by the database, so that all hosts use the same one.
 */
#ifndef PIERRE_AUTH_MASTER_H
#define PIERRE_AUTH_MASTER_H

#include "auth/subkey.h"

/* Tells one master key from another, and nothing about it. */
#define MASTER_ID 17        /* 16 hex digits and NUL */
void master_id(const unsigned char *master, char out[MASTER_ID]);

/* The subkeys for one purpose, of each master key that this host has. All zero: none. */
struct master_subkey {
	char id[MASTER_ID];
	struct subkey key;
};
#define MASTER_KEYS 2       /* ENCRYPTION_KEY, ENCRYPTION_KEY_PREVIOUS */
struct master_subkeys {
	struct master_subkey of[MASTER_KEYS];
};

/* previous: NULL = there is none. */
void master_subkeys_derive(const unsigned char *current, const unsigned char *previous,
			   enum subkey_purpose purpose, struct master_subkeys *out);
/* That of the master key with this id; NULL: this host has not that one. An id that is
 * NULL or "", from before the database named one, means ENCRYPTION_KEY. */
const struct subkey *master_subkey_find(const struct master_subkeys *keys, const char *id);

#endif
