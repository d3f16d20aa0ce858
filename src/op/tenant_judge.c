/* op/tenant_judge.c - may who acts do this in this tenant? */
#include "config.h"

#include "base/str.h"
#include "op/tenant_judge.h"

static bool no_tenant(struct err *err_r)
{
	return err_set(err_r, ERR_NOT_FOUND, NO_TENANT);
}

static bool may(unsigned has, unsigned permission, struct err *err_r)
{
	return (has & permission) == permission ||
	       err_reason(err_r, ERR_FORBIDDEN, "role",
			  "Your role in this tenant does not have the permission %s",
			  tenant_permission_name(permission & ~has));
}

bool tenant_role_required(const struct op *op, unsigned permission, struct err *err_r)
{
	return may(op->actor.may, permission, err_r);
}

bool op_tenant_enter(struct op *op, const char *id, unsigned permission, struct membership *out,
		     struct err *err_r)
{
	const char *uuid;

	if (!tenant_id_check(op, id, &uuid, err_r) ||
	    !store_membership_get(op->db, scope_own(op), uuid, op->actor.tenant_id, op->arena, out,
				  err_r))
		return false;
	if (!out->tenant.is_active && !(tenant_role_may(out->role) & TENANT_MEMBERS))
		return no_tenant(err_r);
	if (!may(tenant_role_may(out->role), permission, err_r))
		return false;
	if (!out->tenant.is_active && permission != TENANT_READ)
		return tenant_suspended(err_r);
	op->actor.entered = uuid;
	return true;
}

bool tenant_may(const struct tenant_locked *locked, const struct tenant *tenant,
		unsigned permission, bool everywhere, struct err *err_r)
{
	if (tenant->deleted_at != TIME_NONE)
		return no_tenant(err_r);
	if (everywhere)
		return true;
	if (!locked->role)
		return no_tenant(err_r);
	if (!may(tenant_role_may(locked->role), permission, err_r))
		return false;
	return tenant->is_active || tenant_suspended(err_r);
}

bool tenant_is_team(const struct tenant *tenant, struct err *err_r)
{
	return !str_eq(tenant->kind, TENANT_PERSONAL) ||
	       err_reason(err_r, ERR_CONFLICT, "personal",
			  "A personal tenant has no other members, and cannot be left or deleted");
}

struct audit_event tenant_event(const struct op *op, const struct tenant_tx *tx,
				enum audit_type type, const char *target,
				const struct field_schema *schema, const void *record)
{
	struct audit_event event = op_audit_of(op, type, target, schema, record);

	event.tenant_id = tx->id;
	return event;
}

struct tenant_tx tenant_tx_of(const struct op *op, struct scope scope, const char *id,
			      tenant_judge_fn *judge, void *arg, struct tenant *out)
{
	return (struct tenant_tx){
		.scope = scope, .id = id, .actor_id = op->actor.user_id, .if_match = op->if_match,
		.now = op->now,
		.judge = judge, .arg = arg, .arena = op->arena,
		.tenant_r = out ? out : arena_new_struct(op->arena, struct tenant),
	};
}

bool tenant_id_check(const struct op *op, const char *id, const char **id_r, struct err *err_r)
{
	char uuid[UUID_TEXT];

	if (!id || !uuid_parse(id, uuid))
		return no_tenant(err_r);
	*id_r = arena_strdup(op->arena, uuid);
	return true;
}
