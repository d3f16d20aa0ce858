/*
 * op/credential_session.c - an access token as a credential: named by the SHA-256
 * of the whole token. It has all rights of its owner, and only the owner's limit.
 */
#include "config.h"

#include "auth/token.h"
#include "op/credential.h"
#include "store/session.h"

_Static_assert(SHA256_HEX <= CREDENTIAL_NAME, "the hash is the name");

static bool session_name(const char *text, char out[CREDENTIAL_NAME])
{
	token_hash(text, out);
	return true;
}

/* One without an end is over. A session that was ended has no row. */
static bool session_look_up(struct op *op, const char *name, struct credential *out,
			    struct user *owner_r, struct tenant_place *place_r,
			    struct err *err_r)
{
	struct session_ref ref;

	if (!store_session_by_access(op->db, name, op->arena, &ref, owner_r, place_r, err_r))
		return false;
	*out = (struct credential){
		.id = ref.id, .session_id = ref.id,
		.tier = owner_r->tier, .scopes = strings_empty,
		.allowed_cidrs = strings_empty, .all_scopes = true,
		.expires_at = ref.access_expires_at != TIME_NONE ? ref.access_expires_at : 0,
		.revoked_at = TIME_NONE, .is_active = true,
	};
	return true;
}

/* What was found has this hash of all of the text. */
static bool session_is_text(const char *text, const struct credential *c)
{
	(void)text;
	(void)c;
	return true;
}

const struct credential_kind credential_session = {
	.name = "session", .title = "session", .letter = 's', .prefix = "pat_",
	.opens = CREDENTIAL_VERIFY | CREDENTIAL_ACT | CREDENTIAL_ADMIN | CREDENTIAL_SCOPED,
	.name_of = session_name, .look_up = session_look_up, .matches = session_is_text,
	.unknown = "The token is not one of a live session",
	.revoked = "The session was ended",
	.expired = "The token has expired",
};
