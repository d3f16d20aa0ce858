/*
 * Key text -> key and owner: by the public id from the cache, or else by one
 * SELECT, then the secret in constant time, and only after it matched is
 * anything said about the key. Reads only; this is the hot path.
 */
#include "config.h"

#include "auth/token.h"
#include "op/cache.h"
#include "op/key.h"
#include "op/owner.h"
#include "store/key.h"

static bool unknown(struct err *err_r)
{
	return err_reason(err_r, ERR_AUTH_INVALID, "unknown",
			  "The API key was not found or is not valid");
}

/* Whatever the row says, it was proved to be the caller's: worth keeping. */
static bool by_secret(struct op *op, const char *key, const char *public,
		      struct api_key *out, struct user *user_r, struct err *err_r)
{
	struct cached known;
	struct cache_mark mark;

	if (cache_find(op, public, &known)) {
		*out = *known.key;
		*user_r = *known.owner;
		return key_matches(key, out->key_hash) || unknown(err_r);
	}
	mark = cache_mark(op);
	if (!store_key_by_prefix(op->db, public, op->arena, out, user_r, err_r))
		return err_r->kind == ERR_NOT_FOUND ? unknown(err_r) : false;
	if (!key_matches(key, out->key_hash))
		return unknown(err_r);
	cache_store(op, public, mark, &(struct cached){ .key = out, .owner = user_r });
	return true;
}

bool op_key_verify(struct op *op, const char *key, struct api_key *out,
		   struct user *user_r, struct err *err_r)
{
	char public[KEY_PUBLIC];

	if (!key_parse(key, public))
		return unknown(err_r);
	if (!by_secret(op, key, public, out, user_r, err_r))
		return false;
	if (!out->is_active || out->revoked_at != TIME_NONE)
		return err_reason(err_r, ERR_AUTH_INVALID, "revoked",
				  "The API key was revoked");
	if (out->expires_at != TIME_NONE && out->expires_at <= op->now)
		return err_reason(err_r, ERR_AUTH_EXPIRED, "expired",
				  "The API key has expired");
	return owner_check(user_r->user_status, err_r);
}
