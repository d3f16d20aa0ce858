/*
 * op/key_create.c - API keys: make. What of another key goes over to the one that replaces it
 * is key_rotate.c's; keys of other programs are key_import.c's.
 */
#include "config.h"

#include <string.h>

#include "auth/token.h"
#include "base/clock.h"
#include "base/str.h"
#include "op/audit.h"
#include "op/key.h"
#include "op/key_create.h"
#include "op/key_grant.h"
#include "op/owner.h"
#include "store/key.h"
#include "store/user.h"

#define DRAWS_MAX 5                 /* of a key whose public id is taken */

/* --- what it will be ----------------------------------------------------------- */

/* Judged over the owner's locked row. */
struct judge {
	const struct api_key *key;
	int64_t keys_max;
	bool by_admin;
	bool named;            /* the tenant was asked for */
};

static bool owner_may(const struct key_owner *owner, int64_t live, void *arg,
		      struct err *err_r)
{
	const struct judge *j = arg;

	if (j->named && !owner->role[0])
		return err_field(err_r, ERR_INVALID, "tenant_id",
				 "The user belongs to no active tenant with this id");
	if (!owner_check(owner->user_status, err_r) || !key_place_check(owner, j->by_admin, err_r) ||
	    !key_grant_check(&(struct key_grant){
		.want = j->key, .owner = owner, .by_admin = j->by_admin,
		.now = j->key->created_at }, err_r))
		return false;
	if (live >= j->keys_max)
		return err_set(err_r, ERR_CONFLICT,
			       "The account has %lld API keys, the most it may have; revoke one first",
			       (long long)live);
	return true;
}

/* The row judges both; a window alone means nothing. */
bool key_limit_whole(const struct api_key *in, struct err *err_r)
{
	return !in->rate_limit_period || in->rate_limit_requests != INT_NONE ||
	       err_field(err_r, ERR_REQUIRED, "rate_limit_requests",
			 "A rate_limit_period needs rate_limit_requests");
}

/* A limit of its own always has its window written down. */
const char *key_limit_period(const struct api_key *in)
{
	if (in->rate_limit_requests == INT_NONE)
		return NULL;
	return in->rate_limit_period ? in->rate_limit_period : "month";
}

static int64_t end_of(const struct op *op, const struct tier *tier, int64_t days)
{
	if (days == INT_NONE)
		days = tier->default_days;
	return days == INT_NONE ? TIME_NONE : op->now + days * DAY_MS;
}

/* Only the owner's own session makes a key that is the owner's grant. */
static const char *granted_by(const struct op *op, const struct key_create_args *m)
{
	bool himself = op->actor.user_id && str_eq(op->actor.user_id, m->owner->id);

	return himself && !m->by_admin ? GRANTED_BY_OWNER : GRANTED_BY_ADMIN;
}

/* What was asked for, and what was not. */
static bool fill(struct op *op, const struct key_create_args *m, struct api_key *k,
		 struct err *err_r)
{
	const struct api_key *in = m->in;
	const struct tier *tier = tier_find(in->tier ? in->tier : m->owner->tier);
	char id[UUID_TEXT];

	if (!field_check(&api_key_create_schema, in, err_r))
		return false;
	if (!tier)
		return err_field(err_r, ERR_INVALID, "tier", "There is no such tier");
	random_uuid(id);
	*k = *in;
	k->id = arena_strdup(op->arena, id);
	k->user_id = m->owner->id;
	if (!k->tenant_id)
		k->tenant_id = m->scope.tenant_id ? m->scope.tenant_id : m->owner->id;
	k->tier = tier->name;
	k->scopes = in->scopes.items ? in->scopes : strings_empty;
	k->metadata = in->metadata ? in->metadata : "{}";
	k->allowed_cidrs = in->allowed_cidrs.items ? in->allowed_cidrs : strings_empty;
	k->granted_by = granted_by(op, m);
	k->is_active = true;
	k->opens_rest = !m->by_admin;
	k->expires_at = end_of(op, tier, in->expires_in_days);
	k->revoked_at = k->last_used_at = TIME_NONE;
	k->created_at = k->updated_at = op->now;
	return true;
}

/* --- its text ------------------------------------------------------------------- */

/* One key drawn at random; a taken public id is ERR_CONFLICT field key_prefix. */
static bool draw(struct op *op, struct api_key *k, key_keep_fn *keep, void *arg,
		 char full[KEY_TEXT], struct err *err_r)
{
	char public[KEY_PUBLIC], hash[KEY_HASH];

	key_generate(str_eq(k->tier, "trial"), full, public, hash);
	k->key_prefix = arena_strdup(op->arena, public);
	k->key_hash = arena_strdup(op->arena, hash);
	return keep(op, k, arg, err_r);
}

static bool is_taken(const struct err *err)
{
	return err->kind == ERR_CONFLICT && str_eq(err->field, "key_prefix");
}

bool key_draw(struct op *op, struct api_key *k, key_keep_fn *keep, void *arg,
	      const char **full_r, struct err *err_r)
{
	char full[KEY_TEXT];
	bool done = false;

	for (int i = 0; i < DRAWS_MAX && !done; i++) {
		done = draw(op, k, keep, arg, full, err_r);
		if (!done && !is_taken(err_r))
			break;
	}
	if (done)
		*full_r = arena_strdup(op->arena, full);
	else if (is_taken(err_r))
		err_reason(err_r, ERR_UNAVAILABLE, "busy", "No free public id was drawn; try again");
	explicit_bzero(full, sizeof(full));
	return done;
}

/* --- its row -------------------------------------------------------------------- */

struct keep {
	struct scope scope;
	const struct key_new_tx *tx;
};

static bool keep_new(struct op *op, const struct api_key *k, void *arg, struct err *err_r)
{
	const struct keep *keep = arg;
	struct audit_event event =
		op_audit_of(op, AUDIT_API_KEY_CREATED, k->id, &api_key_schema, k);

	return store_key_create(op->db, keep->scope, &event, keep->tx, err_r);
}

bool key_create(struct op *op, const struct key_create_args *m, struct api_key *out,
		const char **full_r, struct err *err_r)
{
	struct judge judge = {
		.key = out, .keys_max = op->process->conf->keys_per_user, .by_admin = m->by_admin,
		.named = m->in->tenant_id != NULL,
	};
	struct key_new_tx tx = { .key = out, .provisioned = m->provisioned, .judge = owner_may,
				 .arg = &judge };

	if (!fill(op, m, out, err_r))
		return false;
	if (m->provisioned)
		m->provisioned->api_key_id = out->id;
	return key_draw(op, out, keep_new, &(struct keep){ m->scope, &tx }, full_r, err_r);
}

bool op_key_create(struct op *op, struct scope scope, const struct api_key *in,
		   struct api_key *out, const char **full_r, struct err *err_r)
{
	struct user user;

	return store_user_by_id(op->db, scope, scope.id, op->arena, &user, err_r) &&
		key_create(op, &(struct key_create_args){ .scope = scope, .owner = &user, .in = in },
			   out, full_r, err_r);
}
