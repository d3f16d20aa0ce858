/*
 * tests/support/data_keys.c - prints the data keys of the database, unwrapped, in hex, a
 * line each: for tests that look whether one stands where it must not. Options of the
 * database and ENCRYPTION_KEY come from the environment.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "auth/auth.h"
#include "base/str.h"
#include "op/vault_key.h"
#include "store/data_key.h"
#include "store/store.h"

static int fail(const struct err *err)
{
	fprintf(stderr, "%s\n", err->message);
	return EXIT_FAILURE;
}

int main(void)
{
	struct arena *arena = arena_new();
	struct err err = { 0 };
	struct conf *conf = conf_load(NULL, &err);
	struct master_subkeys wrap;
	const struct data_key *keys;
	struct field_list list;
	struct db *db;

	if (!conf || !auth_init(&err) || !(db = store_open(conf, &err)))
		return fail(&err);
	master_subkeys_derive(conf->encryption_key.bytes, NULL, SUBKEY_WRAP, &wrap);
	if (!store_data_key_list(db, arena, &list, &err))
		return fail(&err);
	keys = list.items;
	for (size_t i = 0; i < list.n; i++) {
		struct subkey plain;

		if (!vault_key_unwrap(&wrap, &keys[i], arena, &plain, &err))
			return fail(&err);
		for (size_t k = 0; k < sizeof(plain.bytes); k++)
			printf("%02x", plain.bytes[k]);
		printf("\n");
	}
	return EXIT_SUCCESS;
}
