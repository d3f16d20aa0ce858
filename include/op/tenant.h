/*
 * op/tenant.h - tenants: make, see, change, suspend, delete, restore, remove.
 *
 * Each user has a personal tenant, which has the user's id and no other member; it
 * cannot be left, deleted or invited to (ERR_CONFLICT reason personal). Teams are made
 * by users, at most MAX_TENANTS_PER_USER that are not deleted.
 *
 * A call takes a scope: scope_tenant(), after op_tenant_enter(), or scope_all(). What
 * changes something judges the actor's role again, under the lock of the tenant's row:
 * ERR_FORBIDDEN reason role; of a suspended tenant, reason tenant_suspended. With
 * scope_all() no role is needed.
 */
#ifndef PIERRE_OP_TENANT_H
#define PIERRE_OP_TENANT_H

#include "model/tenant.h"
#include "model/tenant_role.h"
#include "op/op.h"
#include "op/page.h"
#include "op/scope.h"

/* The guard of routes under /api/tenants/{id}: is the actor a member with
 * this permission? Then scope_tenant() is of that tenant. ERR_NOT_FOUND: no member, or there
 * is none, or it is suspended and the role has not TENANT_MEMBERS; ERR_FORBIDDEN reason role;
 * reason tenant_suspended for all but TENANT_READ. */
bool op_tenant_enter(struct op *op, const char *id, unsigned permission, struct membership *out,
		     struct err *err_r);

/* The same for the tenant in which the actor acts: ERR_FORBIDDEN reason role. */
bool tenant_role_required(const struct op *op, unsigned permission, struct err *err_r);

/* For the user of the scope, who owns it. The plan is the user's tier when left out; above it:
 * ERR_FORBIDDEN field plan. ERR_CONFLICT field slug, domain, or when the user has the most
 * teams; ERR_FORBIDDEN reason suspended. */
bool op_tenant_create(struct op *op, struct scope scope, const struct tenant *in,
		      struct tenant *out, struct err *err_r);
/* The tenants of the scope's user, the personal one first (struct membership). A
 * suspended one is there for those who may change it. */
bool op_membership_list(struct op *op, struct scope scope, const struct membership_query *in,
			struct field_list *out, struct err *err_r);
/* All there are, with scope_all(): struct tenant. */
bool op_tenant_list(struct op *op, struct scope scope, const struct tenant_query *in,
		    struct page_out *out, struct err *err_r);
/* By id or slug, with scope_all(); also a deleted one. */
bool op_tenant_get(struct op *op, struct scope scope, const char *id_or_slug, struct tenant *out,
		   struct err *err_r);

/* Name, slug, domain: TENANT_MEMBERS. */
bool op_tenant_update(struct op *op, struct scope scope, const char *id, const struct tenant *in,
		     const struct field_given *given, struct tenant *out, struct err *err_r);
/* Plan, ceiling, mode: with scope_all(). A plan brings its own ceiling, unless one is
 * given too. */
bool op_tenant_set_limits(struct op *op, struct scope scope, const char *id, const struct tenant *in,
		     const struct field_given *given, struct tenant *out, struct err *err_r);

/* With scope_all(). Its sessions end, its keys are refused (ERR_FORBIDDEN reason
 * tenant_suspended) until it is resumed. Again: the same. ERR_CONFLICT: it was deleted. */
bool op_tenant_suspend(struct op *op, struct scope scope, const char *id, struct tenant *out,
		       struct err *err_r);
bool op_tenant_resume(struct op *op, struct scope scope, const char *id, struct tenant *out,
		      struct err *err_r);

/* TENANT_DELETE. confirm: its slug (else ERR_INVALID). ERR_CONFLICT reason members while
 * others belong to it, unless with_members. Sessions in it end, its keys are revoked,
 * and no login begins in it any more. Its rows, its slug and its domain stay for
 * TENANT_KEPT_MS, in which op_tenant_restore() takes it back; what was revoked stays so,
 * and one that was suspended is so again (as one that an older program deleted). */
bool op_tenant_delete(struct op *op, struct scope scope, const char *id, const char *confirm,
		      bool with_members, struct err *err_r);
#define TENANT_KEPT_MS (30 * DAY_MS)
bool op_tenant_restore(struct op *op, struct scope scope, const char *id, struct tenant *out,
		       struct err *err_r);
/* For the scheduler: rows of tenants that were deleted so long ago, and invitations that
 * ended then. Pages of 500; *n_r = how many rows went. */
bool op_tenant_sweep(struct op *op, int64_t *n_r, struct err *err_r);

#endif
