/*
 * op/key.h - API keys: make, list, change, revoke.
 *
 * A key works in one tenant, and its owner sees and changes it only from a session that
 * works there; from elsewhere it is ERR_NOT_FOUND. To make, change or replace a key the
 * owner needs TENANT_WRITE_DATA in that tenant at the moment when it is written
 * (ERR_FORBIDDEN reason role), whatever he may in others. To revoke one he only has to be
 * a member.
 */
#ifndef PIERRE_OP_KEY_H
#define PIERRE_OP_KEY_H

#include "model/key.h"
#include "model/page.h"
#include "model/user.h"
#include "op/op.h"
#include "op/scope.h"
#include "op/tier.h"

/* For the user of the scope; in: by api_key_create_schema, with tier NULL = the user's
 * (above it: ERR_FORBIDDEN field tier), rate_limit_requests INT_NONE = the tier's (above
 * it: ERR_RANGE). What may be granted: op/key_grant.h. granted_by is
 * "owner" when the actor is that user, "admin" for the shell and
 * op_key_provision(). *full_r: the key text, shown once, in the arena.
 * ERR_CONFLICT when the user has MAX_KEYS_PER_USER live ones. A taken public id
 * is drawn again. */
bool op_key_create(struct op *op, struct scope scope, const struct api_key *in,
		   struct api_key *out, const char **full_r, struct err *err_r);

/* By key_query_schema: struct api_key, of every state when none is named. */
bool op_key_list(struct op *op, struct scope scope, const struct key_query *in,
		 struct page_out *out, struct err *err_r);
/* Those of all users, for an administrator or the shell, by key_search_schema: struct
 * key_found, active ones when neither state nor active_only is named. Of a user who is
 * not there: none. Where the process has no counters, usage_count is not known. */
bool op_key_search(struct op *op, struct scope scope, const struct key_query *in,
		   struct page_out *out, struct err *err_r);
/* The limit that counts for a key, not that of its owner. */
struct rate_limit key_rate_limit(const struct api_key *key);
/* An id out of scope is ERR_NOT_FOUND, here and below. */
bool op_key_get(struct op *op, struct scope scope, const char *id, struct api_key *out,
		struct err *err_r);

/* Change what was named (api_key_patch_schema). A moment that is over: ERR_INVALID; the
 * key was revoked: ERR_CONFLICT. By
 * the owner, so more than he may grant (op/key_grant.h) is ERR_FORBIDDEN. No
 * call moves the end of a key that an administrator made further away: he makes
 * another. */
bool op_key_update(struct op *op, struct scope scope, const char *id, const struct api_key *in,
		   const struct field_given *given, struct api_key *out, struct err *err_r);
/* Again = the first moment and reason again. */
bool op_key_revoke(struct op *op, struct scope scope, const char *id,
		   struct api_key *out, struct err *err_r);
/* in: by api_key_revoke_schema, with in->id and the reason. */
bool op_key_revoke_for(struct op *op, struct scope scope, const struct api_key *in,
		       struct api_key *out, struct err *err_r);

/* Replace a key by another one: its quota, end, tier, limit, scopes and tenant, by
 * whom it was granted. The old one works on for the overlap, never beyond its own end;
 * both take from one quota, and count as one of MAX_KEYS_PER_USER. ERR_CONFLICT: it was
 * revoked, has expired, or another key of its quota works. */
struct key_rotated {
	struct api_key key;        /* the new one */
	const char *full;          /* its text, shown once, in the arena */
	struct api_key old;        /* the old one, as it is now */
};
bool op_key_rotate(struct op *op, struct scope scope, const char *id,
		   const struct key_rotate_in *in, struct key_rotated *out, struct err *err_r);

/* Keys that another program made, by their hashes, for the shell: with SCOPE_ALL. The
 * first makes *out of a line (api_key_import_schema): in the owner's personal tenant,
 * granted by an administrator. Not bound by MAX_KEYS_PER_USER. The second writes
 * the batch (store/key.h). They work within 3 s. */
bool op_key_import_line(struct op *op, struct scope scope, const struct api_key *in,
			struct api_key *out, struct err *err_r);
bool op_key_import(struct op *op, struct scope scope, struct key_batch *batch,
		   struct err *err_r);

/* Make keys inactive whose end is over; *n_r = how many. They are refused as expired
 * before and afterwards: this is for who reads is_active. By the clock, so only while
 * it is known. */
bool op_key_expire(struct op *op, int64_t *n_r, struct err *err_r);

/* As what it is judged and charged by (op/credential.h); borrows both. */
struct credential;
struct credential key_credential(const struct api_key *key, const struct user *owner);

#endif
