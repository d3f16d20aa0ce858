/*
 * op/key.c - API keys: show, change, revoke, expire. Verifying is op/credential.c, which
 * has to be quick and reads only.
 */
#include "config.h"

#include "base/clock.h"
#include "base/mask.h"
#include "base/str.h"
#include "op/audit.h"
#include "op/cache.h"
#include "op/key.h"
#include "op/key_grant.h"
#include "op/owner.h"
#include "op/role.h"
#include "op/user.h"
#include "store/key.h"
#include "store/user.h"

/* --- show ------------------------------------------------------------------- */

static bool no_key(struct err *err_r)
{
	return err_set(err_r, ERR_NOT_FOUND, "No such API key");
}

bool op_key_get(struct op *op, struct scope scope, const char *id, struct api_key *out,
		struct err *err_r)
{
	char uuid[UUID_TEXT];

	return (uuid_parse(id, uuid) || no_key(err_r)) &&
		store_key_get(op->db, scope, uuid, op->arena, out, err_r);
}

/* --- change, revoke --------------------------------------------------------- */

struct patch {
	const struct api_key *in;
	const struct field_given *given;
	int64_t now;
};

static bool patch_check(const struct patch *p, struct err *err_r)
{
	int64_t end = p->in->expires_at;

	if (!field_check_given(p->given, p->in, err_r))
		return false;
	if (FIELD_GIVEN(p->given, struct api_key, expires_at) && end != TIME_NONE && end <= p->now)
		return err_field(err_r, ERR_INVALID, "expires_at",
				 "expires_at is in the past; revoke the key instead");
	return true;
}

/* What an administrator set is not widened so. */
static bool scopes_open(const struct api_key *key, const struct field_given *given)
{
	return FIELD_GIVEN(given, struct api_key, scopes) &&
	       str_eq(key->granted_by, GRANTED_BY_OWNER);
}

/* Over the locked key and its locked owner. */
static bool patch_apply(const struct key_owner *owner, struct api_key *key, void *arg,
			struct err *err_r)
{
	const struct patch *p = arg;
	const struct api_key was = *key;

	field_patch(p->given, p->in, key);
	if (scopes_open(key, p->given))
		key->opens_rest = true;
	key->updated_at = p->now;
	if (was.revoked_at != TIME_NONE)
		return err_set(err_r, ERR_CONFLICT, "The key was revoked and stays as it is; make a new one");
	return owner_check(owner->user_status, err_r) && key_place_check(owner, false, err_r) &&
		key_grant_check(&(struct key_grant){
			.was = &was, .want = key, .owner = owner, .now = p->now }, err_r);
}

/* What is told of a change: of the whole key as before, and what was set. */
struct told {
	const char *owner, *tier, *key_prefix, *replaces;
	const char *changed;            /* names of fields */
	const char *scopes, *allowed_cidrs, *expires_at;
	bool opens_rest;
};
static const struct field told_fields[] = {
	FIELD(struct told, owner, UUID, FIELD_AUDIT, NULL),
	FIELD(struct told, tier, TEXT, FIELD_AUDIT, NULL),
	FIELD(struct told, key_prefix, TEXT, FIELD_AUDIT, NULL),
	FIELD(struct told, replaces, UUID, FIELD_AUDIT, NULL),
	FIELD(struct told, changed, TEXT, FIELD_AUDIT, NULL),
	FIELD(struct told, scopes, TEXT, FIELD_AUDIT, NULL),
	FIELD(struct told, allowed_cidrs, TEXT, FIELD_AUDIT, NULL),
	FIELD(struct told, expires_at, TEXT, FIELD_AUDIT, NULL),
	FIELD(struct told, opens_rest, BOOL, FIELD_AUDIT, NULL),
	{ 0 },
};
static const struct field_schema told_schema = FIELD_SCHEMA("Told", struct told, told_fields);

static const char *names_of(struct arena *arena, const struct field_given *given)
{
	struct strbuf b = { .arena = arena };

	for (size_t i = 0; i < given->n; i++)
		strbuf_addf(&b, "%s%s", i ? " " : "", given->rows[i]->name);
	return b.s;
}

static const char *end_text(struct arena *arena, int64_t end)
{
	char text[TIME_TEXT];

	if (end == TIME_NONE)
		return "never";
	time_format(end, text);
	return arena_strdup(arena, text);
}

#define SET(member) FIELD_GIVEN(given, struct api_key, member)

static struct audit_event changed_event(const struct op *op, const struct api_key *key,
					const struct api_key *in, const struct field_given *given)
{
	struct arena *a = op->arena;
	const struct told told = {
		.owner = key->user_id, .tier = key->tier, .key_prefix = key->key_prefix,
		.replaces = key->rotated_from, .changed = names_of(a, given),
		/* a client may have put a key there */
		.scopes = SET(scopes) ? mask_text(a, strings_join(a, in->scopes, " ")) : NULL,
		.allowed_cidrs = SET(allowed_cidrs) ? strings_join(a, in->allowed_cidrs, " ") : NULL,
		.expires_at = SET(expires_at) ? end_text(a, in->expires_at) : NULL,
		.opens_rest = scopes_open(key, given),
	};

	return op_audit_of(op, AUDIT_API_KEY_CHANGED, key->id, &told_schema, &told);
}

bool op_key_update(struct op *op, struct scope scope, const char *id, const struct api_key *in,
		   const struct field_given *given, struct api_key *out, struct err *err_r)
{
	struct patch patch = { .in = in, .given = given, .now = op->now };
	struct key_update change = {
		.fn = patch_apply, .arg = &patch, .now = op->now, .arena = op->arena, .key_r = out,
	};
	struct audit_event event;
	bool done;

	if (!op_key_get(op, scope, id, out, err_r) || !patch_check(&patch, err_r))
		return false;
	if (given->n == 0)
		return true;
	id = out->id;   /* in the form that the database has */
	event = changed_event(op, out, in, given);
	done = store_key_update(op->db, scope, id, &event, &change, err_r);
	op_changed(op, id);
	return done;
}

static bool revoke(struct op *op, struct scope scope, const char *id, const char *reason,
		   struct api_key *out, struct err *err_r)
{
	struct audit_event event;
	bool done;

	if (!op_key_get(op, scope, id, out, err_r))
		return false;
	if (out->revoked_at != TIME_NONE)
		return true;
	id = out->id;   /* in the form that the database has */
	out->revoked_reason = reason;
	event = op_audit_of(op, AUDIT_API_KEY_REVOKED, id, &api_key_schema, out);
	done = store_key_revoke(op->db, scope, id, &event, reason, op->now, op->arena, out, err_r);
	op_changed(op, id);
	if (done || err_r->kind != ERR_NOT_FOUND)
		return done;
	/* revoked by another call meanwhile */
	return store_key_get(op->db, scope, id, op->arena, out, err_r);
}

bool op_key_revoke(struct op *op, struct scope scope, const char *id,
		   struct api_key *out, struct err *err_r)
{
	return revoke(op, scope, id, NULL, out, err_r);
}

bool op_key_revoke_for(struct op *op, struct scope scope, const struct api_key *in,
		       struct api_key *out, struct err *err_r)
{
	struct user owner;

	return field_check(&api_key_revoke_schema, in, err_r) &&
		op_key_get(op, scope, in->id, out, err_r) &&
		op_user_get(op, scope, out->user_id, &owner, err_r) &&
		role_check(op, &owner, err_r) &&
		revoke(op, scope, in->id, mask_text(op->arena, in->revoked_reason), out, err_r);
}

struct told_expired {
	const char *keys;
};
static const struct field told_expired_fields[] = {
	FIELD(struct told_expired, keys, TEXT, FIELD_AUDIT, NULL),
	{ 0 },
};
static const struct field_schema told_expired_schema =
	FIELD_SCHEMA("ToldExpired", struct told_expired, told_expired_fields);

static bool expire_page(struct op *op, int64_t n, struct err *err_r)
{
	const struct told_expired told = { arena_printf(op->arena, "%lld", (long long)n) };
	struct audit_event event =
		op_audit_of(op, AUDIT_API_KEYS_EXPIRED, NULL, &told_expired_schema, &told);

	return store_key_expire(op->db, &event, op->now, n, err_r);
}

bool op_key_expire(struct op *op, int64_t *n_r, struct err *err_r)
{
	int64_t n;

	*n_r = 0;
	do {
		if (!store_key_expirable(op->db, op->now, &n, err_r) ||
		    (n > 0 && !expire_page(op, n, err_r)))
			return false;
		*n_r += n;
	} while (n > 0);
	return true;
}
