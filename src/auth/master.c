/* auth/master.c - the subkeys of one or two master keys. */
#include "config.h"

#include <string.h>

#include "auth/master.h"

void master_id(const unsigned char *master, char out[MASTER_ID])
{
	struct subkey key;

	subkey_derive(master, SUBKEY_MASTER_ID, &key);
	hex_encode(key.bytes, (MASTER_ID - 1) / 2, out);
	explicit_bzero(&key, sizeof(key));
}

static void derive(const unsigned char *master, enum subkey_purpose purpose, struct master_subkey *out)
{
	master_id(master, out->id);
	subkey_derive(master, purpose, &out->key);
}

void master_subkeys_derive(const unsigned char *current, const unsigned char *previous,
			   enum subkey_purpose purpose, struct master_subkeys *out)
{
	explicit_bzero(out, sizeof(*out));
	derive(current, purpose, &out->of[0]);
	if (previous)
		derive(previous, purpose, &out->of[1]);
}

const struct subkey *master_subkey_find(const struct master_subkeys *keys, const char *id)
{
	for (size_t i = 0; i < MASTER_KEYS; i++)
		if (keys->of[i].key.set && (!id || !*id || strcmp(keys->of[i].id, id) == 0))
			return &keys->of[i].key;
	return NULL;
}
