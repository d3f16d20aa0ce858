/* op/credential_key.c - an API key as a credential: named by its public id. */
#include "config.h"

#include "auth/token.h"
#include "base/str.h"
#include "op/credential.h"
#include "op/key.h"
#include "store/key.h"

_Static_assert(KEY_PUBLIC <= CREDENTIAL_NAME, "the public id is the name");

static bool key_name(const char *text, char out[CREDENTIAL_NAME])
{
	return key_parse(text, out);
}

static bool key_look_up(struct op *op, const char *name, struct credential *out,
			struct user *owner_r, struct tenant_place *place_r, struct err *err_r)
{
	struct api_key key;

	if (!store_key_by_prefix(op->db, name, op->arena, &key, owner_r, place_r, err_r))
		return false;
	*out = key_credential(&key, owner_r);
	return true;
}

static bool key_is_text(const char *text, const struct credential *c)
{
	return key_matches(text, c->secret_hash);
}

struct credential key_credential(const struct api_key *key, const struct user *owner)
{
	return (struct credential){
		.kind = &credential_key, .id = key->id, .key_id = key->id,
		.tenant_id = key->tenant_id ? key->tenant_id : key->user_id,
		.tenant.requests = INT_NONE, .tier = key->tier, .scopes = key->scopes,
		.allowed_cidrs = key->allowed_cidrs,
		.secret_hash = key->key_hash,
		.quota = { key->rate_limit_requests, key->rate_limit_period, key->limit_id,
			   str_eq(key->limit_mode, LIMIT_OBSERVE) },
		.expires_at = key->expires_at, .revoked_at = key->revoked_at,
		.is_active = key->is_active, .owner = owner,
	};
}

const struct credential_kind credential_key = {
	.name = "key", .title = "API key", .letter = 'k', .prefix = "pk_",
	.param = "HTTP_X_API_KEY", .bare = true, .opens = CREDENTIAL_VERIFY,
	.name_of = key_name, .look_up = key_look_up, .matches = key_is_text,
	.limits = { [WINDOW_HOUR] = "key-hour", [WINDOW_DAY] = "key-day",
		    [WINDOW_WEEK] = "key-week", [WINDOW_MONTH] = "key-month" },
	.unknown = "The API key was not found or is not valid",
	.revoked = "The API key was revoked",
	.expired = "The API key has expired",
};
