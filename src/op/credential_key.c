/* op/credential_key.c - an API key as a credential: named by its public id. */
#include "config.h"

#include "auth/token.h"
#include "base/clock.h"
#include "base/str.h"
#include "op/credential.h"
#include "op/key.h"
#include "store/key.h"

_Static_assert(KEY_PUBLIC <= CREDENTIAL_NAME && KEY_IMPORTED_NAME <= CREDENTIAL_NAME,
	       "the public id is the name");

#define LOOK_MS 3000   /* the first imported key is known so long after the import */

static bool key_name(const char *text, char out[CREDENTIAL_NAME])
{
	return key_parse(text, out);
}

/* Are there imported keys? Asked now and then, by each process, until there are; when the
 * database cannot say, the look-up that follows says so. */
static bool imported_exist(struct op *op)
{
	static int64_t asked_at = INT64_MIN / 2;
	static bool exist;
	int64_t now = clock_monotonic();
	struct err err;

	if (exist || now - asked_at < LOOK_MS)
		return exist;
	if (!store_key_imported_exist(op->db, &exist, &err))
		return true;
	asked_at = now;
	return exist;
}

/* An imported key may have the form of ours. */
static bool key_imported(struct op *op, const char *text, char out[CREDENTIAL_NAME])
{
	if (!imported_exist(op))
		return false;
	key_imported_name(text, out);
	return true;
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
		.quota = { key->rate_limit_requests, window_named(key->rate_limit_period), key->limit_id,
			   str_eq(key->limit_mode, LIMIT_OBSERVE) },
		.expires_at = key->expires_at, .revoked_at = key->revoked_at,
		.is_active = key->is_active, .opens_rest = key->opens_rest, .owner = owner,
	};
}

const struct credential_kind credential_key = {
	.name = "key", .title = "API key", .letter = 'k', .prefix = "pk_",
	.param = "HTTP_X_API_KEY", .bare = true, .opens = CREDENTIAL_VERIFY | CREDENTIAL_SCOPED,
	.name_of = key_name, .also_name_of = key_imported, .look_up = key_look_up,
	.matches = key_is_text,
	.limits = { [WINDOW_HOUR] = "key-hour", [WINDOW_DAY] = "key-day",
		    [WINDOW_WEEK] = "key-week", [WINDOW_MONTH] = "key-month" },
	.unknown = "The API key was not found or is not valid",
	.revoked = "The API key was revoked",
	.expired = "The API key has expired",
};
