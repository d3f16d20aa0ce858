/* op/credential.c - is a credential good, whatever its kind? */
#include "config.h"

#include "base/cidr.h"
#include "base/str.h"
#include "model/tenant_role.h"
#include "op/cache.h"
#include "op/credential.h"
#include "op/owner.h"

const struct credential_kind *credential_kind_of(const char *text)
{
	for (size_t i = 0; credential_kinds[i]; i++)
		if (str_starts(text, credential_kinds[i]->prefix))
			return credential_kinds[i];
	return NULL;
}

static bool unknown(const char *sentence, struct err *err_r)
{
	return err_reason(err_r, ERR_AUTH_INVALID, "unknown", "%s", sentence);
}

static void set_place(struct credential *c, const struct tenant_place *p)
{
	c->tenant_id = p->tenant_id;
	c->tenant.is_active = p->is_active;
	c->tenant.observe = str_eq(p->mode, LIMIT_OBSERVE);
	c->tenant.may = tenant_role_may(p->role);
	c->tenant.requests = p->requests;
	c->tenant.window = window_named(p->period);
}

static bool look_up(struct op *op, const struct credential_kind *kind, const char *name,
		    struct credential *out, struct err *err_r)
{
	struct user *owner = arena_new_struct(op->arena, struct user);
	struct tenant_place place;

	if (!kind->look_up(op, name, out, owner, &place, err_r))
		return false;
	out->kind = kind;
	out->owner = owner;
	set_place(out, &place);
	return true;
}

/* By the names that the text has, in order: NULL at the end. *name_r = by which. */
static bool look_up_any(struct op *op, const struct credential_kind *kind, const char *const names[],
			const char **name_r, struct credential *out, struct err *err_r)
{
	for (size_t i = 0; names[i]; i++) {
		*name_r = names[i];
		if (look_up(op, kind, names[i], out, err_r))
			return true;
		if (err_r->kind != ERR_NOT_FOUND)
			return false;
	}
	return unknown(kind->unknown, err_r);
}

/* Whatever the row says, it was proved to be the caller's: worth keeping. */
static bool by_secret(struct op *op, const struct credential_kind *kind, const char *text,
		      struct credential *out, struct err *err_r)
{
	char own[CREDENTIAL_NAME], also[CREDENTIAL_NAME];
	const char *names[3] = { NULL }, *name = NULL;
	struct cache_mark mark;
	size_t n = 0;

	if (kind->name_of(text, own)) {
		names[n++] = own;
		if (cache_find(op, kind, own, out))
			return kind->matches(text, out) || unknown(kind->unknown, err_r);
	}
	if (kind->also_name_of && kind->also_name_of(op, text, also)) {
		names[n++] = also;
		if (cache_find(op, kind, also, out))
			return kind->matches(text, out) || unknown(kind->unknown, err_r);
	}
	mark = cache_mark_now(op);
	if (!look_up_any(op, kind, names, &name, out, err_r))
		return false;
	if (!kind->matches(text, out))
		return unknown(kind->unknown, err_r);
	cache_store(op, name, mark, out);
	return true;
}

static bool place_check(bool is_active, int64_t may, struct err *err_r)
{
	if (!is_active)
		return tenant_suspended(err_r);
	return (may & TENANT_READ) != 0 ||
	       err_reason(err_r, ERR_FORBIDDEN, "role", "The user is no member of this tenant: "
			  "use a credential of another one");
}

bool credential_place_check(const struct tenant_place *place, struct err *err_r)
{
	return place_check(place->is_active, tenant_role_may(place->role), err_r);
}

static bool revoked(const struct credential *c, struct err *err_r)
{
	return err_reason(err_r, ERR_AUTH_INVALID, "revoked", "%s", c->kind->revoked);
}

/* The address is that of nginx's client, whatever a header says. */
static bool from_here(const struct credential *c, const char *address, struct err *err_r)
{
	return c->allowed_cidrs.n == 0 || cidrs_have(c->allowed_cidrs, address) ||
	       err_reason(err_r, ERR_FORBIDDEN, "address",
			  "The %s may not be used from the address of this request", c->kind->title);
}

/* An expired one is made inactive by a sweep, and stays expired. */
static bool judge(const struct op *op, const struct credential *c, struct err *err_r)
{
	if (c->revoked_at != TIME_NONE)
		return revoked(c, err_r);
	if (c->expires_at != TIME_NONE && c->expires_at <= op->now)
		return err_reason(err_r, ERR_AUTH_EXPIRED, "expired", "%s", c->kind->expired);
	if (!c->is_active)
		return revoked(c, err_r);
	return owner_check(c->owner->user_status, err_r) &&
	       place_check(c->tenant.is_active, c->tenant.may, err_r) &&
		from_here(c, op->client.remote_addr, err_r);
}

bool op_credential_check(struct op *op, const struct credential_text *presented,
			 enum credential_use use, struct credential *out, struct err *err_r)
{
	const char *text = presented->text;
	const struct credential_kind *kind = presented->kind;

	if (!kind)
		kind = credential_kind_of(text);
	if (!kind || !(kind->opens & use))
		return unknown("The credential is not known, or is of a kind that opens nothing here",
			       err_r);
	return by_secret(op, kind, text, out, err_r) && judge(op, out, err_r);
}

struct actor credential_actor(const struct credential *c, const char *source)
{
	return (struct actor){
		.user_id = c->owner->id, .tenant_id = c->tenant_id,
		.may = (unsigned)c->tenant.may, .session_id = c->session_id,
		.token_id = c->token_id, .source = source,
		.role = c->all_scopes || c->token_id ? user_role(c->owner) : ROLE_USER,
	};
}
