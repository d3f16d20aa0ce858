/* op/connect_seal.c - verifier and code of an attempt to connect. */
#include "config.h"

#include <string.h>

#include "op/connect_seal.h"
#include "op/vault.h"

static struct seal_place place_of(const struct connect_state *s, const char *column)
{
	return (struct seal_place){ "connect_states", column, s->id,
				    { s->user_id, s->tenant_id, s->provider } };
}

bool connect_seal(struct op *op, struct connect_state *s, const char *column, const char *plain,
		  const char **sealed_r, struct err *err_r)
{
	const struct seal_place place = place_of(s, column);

	*sealed_r = NULL;
	if (!plain)
		return true;
	if (s->key_id == INT_NONE)
		s->key_id = 0;
	return op_seal(op, s->tenant_id, &place, plain, strlen(plain), &s->key_id, sealed_r, err_r);
}

bool connect_open(struct op *op, const struct connect_state *s, const char *column,
		  const char *sealed, const char **plain_r, struct err *err_r)
{
	const struct seal_place place = place_of(s, column);
	char *plain = NULL;
	size_t n;

	*plain_r = NULL;
	if (sealed && !op_seal_open(op, &place, sealed, &plain, &n, err_r))
		return false;
	*plain_r = plain;
	return true;
}
