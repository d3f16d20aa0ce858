/*
 * op/tenant.c - tenants: make, see, change. Roles are judged in op/tenant_judge.c; how
 * one ends and comes back is op/tenant_end.c's.
 */
#include "config.h"

#include "base/str.h"
#include "op/cache.h"
#include "op/key.h"
#include "op/owner.h"
#include "op/tenant_judge.h"
#include "op/tenant_prepare.h"
#include "store/user.h"

/* --- make --------------------------------------------------------------------------- */

struct creation {
	const struct tenant *tenant;
	int64_t most;
	bool by_shell;
};

/* Over the owner's locked row. */
static bool may_create(const char *tier, const char *user_status, int64_t owned, void *arg,
		       struct err *err_r)
{
	const struct creation *c = arg;
	const struct tier *own = tier_find(tier), *plan = tier_find(c->tenant->plan);

	if (!owner_check(user_status, err_r))
		return false;
	if (!c->by_shell && (!own || !plan || plan->rank > own->rank))
		return err_field(err_r, ERR_FORBIDDEN, "plan",
				 "The plan %s is above your tier, %s", c->tenant->plan, tier);
	if (owned >= c->most)
		return err_reason(err_r, ERR_CONFLICT, "tenants",
				  "The account owns %lld teams, the most it may have: delete one first",
				  (long long)owned);
	return true;
}

/* The body says slug, the approval of a user tenant_slug. */
static bool named(bool done, struct err *err_r)
{
	if (!done && str_eq(err_r->field, "tenant_slug"))
		err_field(err_r, ERR_CONFLICT, "slug", "A tenant with this slug already exists");
	return done;
}

bool op_tenant_create(struct op *op, struct scope scope, const struct tenant *in,
		      struct tenant *out, struct err *err_r)
{
	struct creation c = { out, op->process->conf->tenants_per_user,
			      !op->actor.user_id && op->actor.role == ROLE_SUPER_ADMIN };
	const struct tenant_new_tx tx = { .tenant = out, .judge = may_create, .arg = &c };
	struct audit_event event;
	struct tenant want = *in;
	struct user owner;
	bool done;

	if (!field_check(&tenant_create_schema, in, err_r) ||
	    !store_user_by_id(op->db, scope, scope.id, op->arena, &owner, err_r))
		return false;
	if (!want.plan)
		want.plan = owner.tier;
	*out = tenant_prepare(op, &want);
	event = op_audit_of(op, AUDIT_TENANT_CREATED, out->id, &tenant_schema, out);
	event.tenant_id = out->id;
	done = store_tenant_create(op->db, scope, owner.id, &event, &tx, err_r);
	op_changed(op, owner.id);
	return named(done, err_r);
}

/* --- look up ------------------------------------------------------------------------- */

bool op_membership_list(struct op *op, struct scope scope, const struct membership_query *in,
			struct field_list *out, struct err *err_r)
{
	struct membership *all;
	struct field_list rows;
	size_t n = 0;

	if (!store_membership_list(op->db, scope, in->slug, op->actor.tenant_id, op->arena, &rows, err_r))
		return false;
	all = arena_alloc(op->arena, (rows.n + 1) * sizeof(*all));
	for (size_t i = 0; i < rows.n; i++) {
		const struct membership *m = (const struct membership *)rows.items + i;

		if (!m->tenant.is_active && !(tenant_role_may(m->role) & TENANT_MEMBERS))
			continue;
		all[n++] = *m;
	}
	*out = (struct field_list){ .items = all, .n = n };
	return true;
}

bool op_tenant_list(struct op *op, struct scope scope, const struct tenant_query *in,
		    struct page_out *out, struct err *err_r)
{
	static const struct page_list list = PAGE_LIST(struct tenant, store_tenant_list);

	return field_check(&tenant_query_schema, in, err_r) &&
	       op_page(op, scope, &list, in, &in->page, out, err_r);
}

bool op_tenant_get(struct op *op, struct scope scope, const char *id_or_slug, struct tenant *out,
		   struct err *err_r)
{
	char id[UUID_TEXT];

	if (uuid_parse(id_or_slug, id))
		return store_tenant_get(op->db, scope, id, op->arena, out, err_r);
	return store_tenant_by_slug(op->db, scope, id_or_slug, op->arena, out, err_r);
}

/* --- change -------------------------------------------------------------------------- */

struct patch {
	const struct tenant *in;
	const struct field_given *given;
	bool everywhere;
	int64_t now;
};

static bool patch_apply(const struct tenant_locked *locked, struct tenant *tenant, void *arg,
			struct err *err_r)
{
	const struct patch *p = arg;

	if (!tenant_may(locked, tenant, TENANT_MEMBERS, p->everywhere, err_r))
		return false;
	field_patch(p->given, p->in, tenant);
	return true;
}

/* A ceiling of a plan is by the month. */
static bool limit_apply(const struct tenant_locked *locked, struct tenant *tenant, void *arg,
			struct err *err_r)
{
	const struct patch *p = arg;
	bool plan = FIELD_GIVEN(p->given, struct tenant, plan);

	if (!tenant_may(locked, tenant, TENANT_MEMBERS, p->everywhere, err_r))
		return false;
	if (str_eq(tenant->kind, TENANT_PERSONAL))
		return err_reason(err_r, ERR_CONFLICT, "personal", "A personal tenant has no ceiling: "
				  "limit the API keys of its user");
	field_patch(p->given, p->in, tenant);
	if (plan && !FIELD_GIVEN(p->given, struct tenant, rate_limit_requests)) {
		tenant->rate_limit_requests = tenant_plan_limit(tenant->plan);
		tenant->rate_limit_period = NULL;
	}
	if (tenant->rate_limit_requests == INT_NONE &&
	    !FIELD_GIVEN(p->given, struct tenant, rate_limit_period))
		tenant->rate_limit_period = NULL;
	if (tenant->rate_limit_period && tenant->rate_limit_requests == INT_NONE)
		return err_field(err_r, ERR_REQUIRED, "rate_limit_requests",
				 "A rate_limit_period needs rate_limit_requests");
	return true;
}

static bool change(struct op *op, struct scope scope, const char *id, struct patch *p,
		   tenant_judge_fn *judge, struct tenant *out, struct err *err_r)
{
	struct audit_event event;
	struct tenant_tx tx;
	bool done;

	if (!field_check_given(p->given, p->in, err_r) || !tenant_id_check(op, id, &id, err_r))
		return false;
	if (p->given->n == 0)
		return store_tenant_get(op->db, scope, id, op->arena, out, err_r) &&
		       version_check(op->if_match, out->version, err_r);
	p->everywhere = scope.kind == SCOPE_ALL;
	tx = tenant_tx_of(op, scope, id, judge, p, out);
	event = tenant_event(op, &tx, AUDIT_TENANT_CHANGED, id, &tenant_schema, p->in);
	done = store_tenant_update(op->db, &event, &tx, err_r);
	op_changed(op, id);
	return named(done, err_r);
}

bool op_tenant_update(struct op *op, struct scope scope, const char *id, const struct tenant *in,
		     const struct field_given *given, struct tenant *out, struct err *err_r)
{
	return change(op, scope, id, &(struct patch){ .in = in, .given = given }, patch_apply, out,
		      err_r);
}

bool op_tenant_set_limits(struct op *op, struct scope scope, const char *id, const struct tenant *in,
		     const struct field_given *given, struct tenant *out, struct err *err_r)
{
	return change(op, scope, id, &(struct patch){ .in = in, .given = given }, limit_apply, out,
		      err_r);
}
