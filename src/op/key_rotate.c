/* op/key_rotate.c - a key that another one replaces. */
#include "config.h"

#include "auth/auth.h"
#include "op/audit.h"
#include "op/cache.h"
#include "op/key.h"
#include "op/key_create.h"
#include "op/key_grant.h"
#include "op/owner.h"
#include "store/key.h"

#define OVERLAP_SECONDS 86400   /* when none is said */

struct rotate {
	struct scope scope;     /* of the owner */
	bool by_admin;          /* not by the owner */
	int64_t now, overlap;   /* ms */
	struct api_key *key;    /* the new one, with its id and secret */
	struct api_key *old;
};

/* --- may it ------------------------------------------------------------------ */

static bool works(const struct api_key *old, int64_t now, struct err *err_r)
{
	if (old->revoked_at != TIME_NONE || !old->is_active)
		return err_set(err_r, ERR_CONFLICT, "The key was revoked; make a new one");
	return old->expires_at == TIME_NONE || old->expires_at > now ||
	       err_set(err_r, ERR_CONFLICT, "The key has expired; make a new one");
}

/* Two keys that work count as one among those of the owner; a third would be too many. */
static bool is_alone(const struct key_owner *owner, struct err *err_r)
{
	return owner->sharing == 0 ||
	       err_set(err_r, ERR_CONFLICT, "The key it replaced, or the one that replaced it, still "
		       "works; revoke one of the two first");
}

/* --- what becomes of the two --------------------------------------------------- */

static struct api_key successor(const struct api_key *old, const struct api_key *drawn, int64_t now)
{
	struct api_key k = *old;

	k.id = drawn->id;
	k.key_prefix = drawn->key_prefix;
	k.key_hash = drawn->key_hash;
	k.limit_id = old->limit_id ? old->limit_id : old->id;
	k.rotated_from = old->id;
	k.created_at = k.updated_at = now;
	k.last_used_at = TIME_NONE;
	return k;
}

static void shorten(struct api_key *old, const struct rotate *r)
{
	if (old->expires_at == TIME_NONE || old->expires_at > r->now + r->overlap)
		old->expires_at = r->now + r->overlap;
	old->updated_at = r->now;
}

/* Over the locked old key and its locked owner. It may run several times. */
static bool apply(const struct key_owner *owner, struct api_key *old, void *arg,
		  struct err *err_r)
{
	const struct rotate *r = arg;

	if (!owner_check(owner->user_status, err_r) ||
	    !key_place_check(owner, r->by_admin, err_r) || !is_alone(owner, err_r) ||
	    !works(old, r->now, err_r))
		return false;
	*r->key = successor(old, r->key, r->now);
	shorten(old, r);
	return true;
}

static bool keep(struct op *op, const struct api_key *drawn, void *arg, struct err *err_r)
{
	struct rotate *r = arg;
	const char *id = r->old->id;
	struct key_update change = {
		.fn = apply, .arg = r, .now = r->now, .arena = op->arena, .key_r = r->old,
	};
	struct audit_event event =
		op_audit_of(op, AUDIT_API_KEY_ROTATED, drawn->id, &api_key_schema, drawn);

	return store_key_rotate(op->db, r->scope, id, &event, &change, drawn, err_r);
}

bool op_key_rotate(struct op *op, struct scope scope, const char *id,
		   const struct key_rotate_in *in, struct key_rotated *out, struct err *err_r)
{
	int64_t seconds = in->overlap_seconds != INT_NONE ? in->overlap_seconds : OVERLAP_SECONDS;
	struct rotate r = {
		.by_admin = scope.kind == SCOPE_ALL,
		.now = op->now, .overlap = seconds * SECOND_MS, .key = &out->key, .old = &out->old,
	};
	char new_id[UUID_TEXT];
	bool done;

	if (!field_check(&key_rotate_schema, in, err_r) ||
	    !op_key_get(op, scope, id, &out->old, err_r) || !works(&out->old, op->now, err_r))
		return false;
	r.scope = r.by_admin ? scope_of(op, out->old.user_id) : scope;
	id = out->old.id;
	random_uuid(new_id);
	out->key = out->old;   /* for the audit event, and its tier for the text */
	out->key.id = arena_strdup(op->arena, new_id);
	out->key.rotated_from = id;
	done = key_draw(op, &out->key, keep, &r, &out->full, err_r);
	op_changed(op, id);
	return done;
}
