/*
 * op/credential_admin_token.c - an admin token as a credential: named by the SHA-256 of
 * all of it. It acts for no user, ranks as an admin, and may what its permissions say.
 */
#include "config.h"

#include "auth/token.h"
#include "op/credential.h"
#include "store/admin_token.h"

/* It works in no tenant: what it may read is said by its permissions. */
#define TENANT_OF_NONE "viewer"

_Static_assert(SHA256_HEX <= CREDENTIAL_NAME, "the hash is the name");

static bool token_name(const char *text, char out[CREDENTIAL_NAME])
{
	token_hash(text, out);
	return true;
}

/* Its owner is the service: the account that made it may be gone. */
static bool token_look_up(struct op *op, const char *name, struct credential *out,
			  struct user *owner_r, struct tenant_place *place_r, struct err *err_r)
{
	struct admin_token token;

	if (!store_admin_token_by_hash(op->db, name, op->arena, &token, err_r))
		return false;
	*owner_r = (struct user){
		.user_status = "active", .role = role_words[ROLE_ADMIN - ROLE_USER], .is_admin = true,
	};
	*place_r = (struct tenant_place){ .is_active = true, .role = TENANT_OF_NONE,
					  .requests = INT_NONE };
	*out = (struct credential){
		.id = token.id, .token_id = token.id, .scopes = token.permissions,
		.expires_at = token.expires_at, .revoked_at = token.revoked_at, .is_active = true,
	};
	return true;
}

/* What was found has this hash of all of the text. */
static bool token_is_text(const char *text, const struct credential *c)
{
	(void)text;
	(void)c;
	return true;
}

const struct credential_kind credential_admin_token = {
	.name = "admin_token", .title = "admin token", .letter = 'a', .prefix = "padm_",
	.opens = CREDENTIAL_ADMIN,
	.name_of = token_name, .look_up = token_look_up, .matches = token_is_text,
	.unknown = "The admin token is not known",
	.revoked = "The admin token was revoked",
	.expired = "The admin token has expired",
};
