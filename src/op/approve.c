/*
 * approve.c - approval, with the user's first tenant. It takes effect on the next
 * request: the owner's status is read with a credential.
 */
#include "config.h"

#include <string.h>

#include "auth/auth.h"
#include "base/str.h"
#include "model/check.h"
#include "op/audit.h"
#include "op/cache.h"
#include "op/role.h"
#include "op/tenant_prepare.h"
#include "op/user.h"
#include "store/user.h"

#define SLUG_TRIES 3
#define NAMELESS "Tenant"

static bool no_user(struct err *err_r)
{
	return err_set(err_r, ERR_NOT_FOUND, "No user found");
}

/* The part before the '@'. */
static const char *local_part(const struct op *op, const char *email)
{
	return arena_strndup(op->arena, email, strcspn(email, "@"));
}

static bool check(const struct user_approve_in *in, struct err *err_r)
{
	if (!in->create_default_tenant && (in->tenant_name || in->tenant_slug))
		return err_field(err_r, ERR_INVALID, "create_default_tenant",
				 "A tenant's name or slug needs create_default_tenant");
	return field_check(&user_approve_schema, in, err_r);
}

/* Older programs accepted names and addresses that no tenant may have as its name today. */
static const char *default_name(const struct op *op, const struct user *user)
{
	const char *const names[] = { user->display_name, local_part(op, user->email) };
	struct err err;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i] && name_check(tenant_name_cut(op, names[i]), "tenant_name", &err))
			return names[i];
	return NAMELESS;
}

static struct tenant plan_tenant(struct op *op, const struct user_approve_in *in,
				 const struct user *user)
{
	return tenant_prepare(op, &(struct tenant){
		.name = in->tenant_name ? in->tenant_name : default_name(op, user),
		.slug = in->tenant_slug, .plan = user->tier,
	});
}

/* What is told of these; the record has no reason, and a tenant no owner. */
struct told {
	const char *reason, *slug, *owner;
};
static const struct field told_fields[] = {
	FIELD(struct told, reason, TEXT, FIELD_AUDIT | FIELD_FREE, NULL),
	FIELD(struct told, slug, TEXT, FIELD_AUDIT, NULL),
	FIELD(struct told, owner, UUID, FIELD_AUDIT, NULL),
	{ 0 },
};
static const struct field_schema told_schema = FIELD_SCHEMA("Told", struct told, told_fields);

static struct audit_event reason_event(const struct op *op, enum audit_type type,
				       const char *user_id, const char *reason)
{
	return op_audit_of(op, type, user_id, &told_schema,
			   &(struct told){ .reason = reason });
}

static bool approve_once(struct op *op, struct scope scope, const struct user_approve_in *in,
			 const struct user *user, struct user *out,
			 struct tenant *out_tenant, struct err *err_r)
{
	struct audit_event event = reason_event(op, AUDIT_USER_APPROVED, user->id, in->reason);
	struct audit_event tenant_event = { 0 };
	struct tenant tenant = { 0 };
	struct user_approval a = {
		.scope = scope, .user_id = user->id,
		.approved_by = op->actor.user_id, .now = op->now,
		.event = &event, .tenant_event = &tenant_event,
		.arena = op->arena, .user_r = out,
	};
	bool done;

	if (in->create_default_tenant) {
		tenant = plan_tenant(op, in, user);
		tenant_event = op_audit_of(op, AUDIT_TENANT_CREATED, tenant.id, &told_schema,
					   &(struct told){ .slug = tenant.slug, .owner = user->id });
		tenant_event.tenant_id = tenant.id;
		a.tenant = &tenant;
	}
	done = store_user_approve(op->db, &a, err_r);
	op_changed(op, user->id);
	if (!done)
		return false;
	*out_tenant = a.tenant_made ? tenant : (struct tenant){ 0 };
	return true;
}

bool op_user_approve(struct op *op, struct scope scope, const char *id,
		     const struct user_approve_in *in, struct user *out,
		     struct tenant *out_tenant, struct err *err_r)
{
	char user_id[UUID_TEXT];
	struct user user;
	struct err err;

	if (!check(in, err_r))
		return false;
	if (!uuid_parse(id, user_id))
		return no_user(err_r);
	if (!store_user_by_id(op->db, scope, user_id, op->arena, &user, err_r) ||
	    !role_check(op, &user, err_r))
		return false;
	for (int i = 0; i < SLUG_TRIES; i++) {
		if (approve_once(op, scope, in, &user, out, out_tenant, &err))
			return true;
		/* a slug that was drawn here can be drawn again, a requested one cannot */
		if (err.kind != ERR_CONFLICT || in->tenant_slug)
			break;
	}
	if (err_r)
		*err_r = err;
	return false;
}
