/*
 * op/tenant_end.c - how a tenant is suspended, resumed, deleted, restored and removed.
 */
#include "config.h"

#include "base/str.h"
#include "op/cache.h"
#include "op/tenant_judge.h"

/* --- suspend, resume, restore: by administrators -------------------------------------- */

static bool deleted(struct err *err_r)
{
	return err_reason(err_r, ERR_CONFLICT, "deleted",
			  "The tenant was deleted: `pierre tenant restore` takes it back");
}

/* A personal tenant is its user, whose own role says who may suspend him. */
static bool suspend_apply(const struct tenant_locked *locked, struct tenant *tenant, void *arg,
			  struct err *err_r)
{
	(void)locked;
	(void)arg;
	if (str_eq(tenant->kind, TENANT_PERSONAL))
		return err_reason(err_r, ERR_CONFLICT, "personal",
				  "A personal tenant is not suspended: suspend its user");
	tenant->is_active = false;
	return tenant->deleted_at == TIME_NONE || deleted(err_r);
}

static bool resume_apply(const struct tenant_locked *locked, struct tenant *tenant, void *arg,
			 struct err *err_r)
{
	(void)locked;
	(void)arg;
	tenant->is_active = true;
	return tenant->deleted_at == TIME_NONE || deleted(err_r);
}

/* From then on its rows may be gone, a page at a time. */
static bool restore_apply(const struct tenant_locked *locked, struct tenant *tenant, void *arg,
			  struct err *err_r)
{
	const int64_t *now = arg;

	(void)locked;
	if (tenant->deleted_at == TIME_NONE)
		return err_set(err_r, ERR_CONFLICT, "The tenant was not deleted: to end a suspension, resume it");
	if (tenant->deleted_at <= *now - TENANT_KEPT_MS)
		return err_reason(err_r, ERR_CONFLICT, "removed", "The tenant was deleted 30 days ago "
				  "or more, and its rows are being removed: make a new one");
	tenant->deleted_at = TIME_NONE;
	return true;
}

/* A kind of end, or of its opposite. */
struct turn {
	enum audit_type type;
	tenant_judge_fn *judge;
	bool (*store)(struct db *db, const struct audit_event *event, const struct tenant_tx *tx,
		      struct err *err_r);
};

static bool run_turn(struct op *op, struct scope scope, const char *id, const struct turn *t,
		 struct tenant *out, struct err *err_r)
{
	struct audit_event event;
	struct tenant_tx tx;
	bool done;

	if (!tenant_id_check(op, id, &id, err_r))
		return false;
	if (scope.kind != SCOPE_ALL)
		return err_set(err_r, ERR_NOT_FOUND, NO_TENANT);
	tx = tenant_tx_of(op, scope, id, t->judge, &op->now, out);
	event = tenant_event(op, &tx, t->type, id, &tenant_schema, &(struct tenant){ 0 });
	done = t->store(op->db, &event, &tx, err_r);
	op_changed(op, id);
	return done;
}

bool op_tenant_suspend(struct op *op, struct scope scope, const char *id, struct tenant *out,
		       struct err *err_r)
{
	static const struct turn suspension = {
		AUDIT_TENANT_SUSPENDED, suspend_apply, store_tenant_suspend };

	return run_turn(op, scope, id, &suspension, out, err_r);
}

bool op_tenant_resume(struct op *op, struct scope scope, const char *id, struct tenant *out,
		      struct err *err_r)
{
	static const struct turn resumption = {
		AUDIT_TENANT_RESUMED, resume_apply, store_tenant_update };

	return run_turn(op, scope, id, &resumption, out, err_r);
}

bool op_tenant_restore(struct op *op, struct scope scope, const char *id, struct tenant *out,
		       struct err *err_r)
{
	static const struct turn restoration = {
		AUDIT_TENANT_RESTORED, restore_apply, store_tenant_update };

	return run_turn(op, scope, id, &restoration, out, err_r);
}

/* --- delete ----------------------------------------------------------------------------- */

struct deletion {
	const char *confirm;
	bool with_members, everywhere;
	int64_t now;
};

static bool delete_apply(const struct tenant_locked *locked, struct tenant *tenant, void *arg,
			 struct err *err_r)
{
	const struct deletion *d = arg;

	if (!tenant_may(locked, tenant, TENANT_DELETE, d->everywhere, err_r) ||
	    !tenant_is_team(tenant, err_r))
		return false;
	if (!str_eq(d->confirm, tenant->slug))
		return err_field(err_r, ERR_INVALID, "confirm",
				 "confirm must be the slug of the tenant, %s", tenant->slug);
	if (locked->others > (d->everywhere ? 1 : 0) && !d->with_members)
		return err_reason(err_r, ERR_CONFLICT, "members",
				  "Others belong to the tenant: remove them first, or ask for "
				  "?members=remove");
	tenant->deleted_at = d->now;
	return true;
}

bool op_tenant_delete(struct op *op, struct scope scope, const char *id, const char *confirm,
		      bool with_members, struct err *err_r)
{
	struct deletion d = { confirm, with_members, scope.kind == SCOPE_ALL, op->now };
	struct audit_event event;
	struct tenant_tx tx;
	bool done;

	if (!tenant_id_check(op, id, &id, err_r))
		return false;
	tx = tenant_tx_of(op, scope, id, delete_apply, &d, NULL);
	event = tenant_event(op, &tx, AUDIT_TENANT_DELETED, id, &tenant_schema,
			     &(struct tenant){ .slug = confirm });
	done = store_tenant_delete(op->db, &event, &tx, err_r);
	op_changed(op, id);
	return done;
}

/* --- removal -------------------------------------------------------------------------------- */

/* Of the first tenant there is. Its event is made of it: what an event says is hashed
 * when it is made. */
static bool remove_page(struct op *op, int64_t before, int64_t *rows_r, struct err *err_r)
{
	struct audit_event event;
	const char *id;

	*rows_r = 0;
	if (!store_tenant_removable(op->db, before, op->arena, &id, err_r))
		return false;
	if (!id)
		return true;
	event = op_audit(op, AUDIT_TENANT_REMOVED, id);
	event.tenant_id = id;
	return store_tenant_remove(op->db, &event, id, before, rows_r, err_r);
}

bool op_tenant_sweep(struct op *op, int64_t *n_r, struct err *err_r)
{
	const int64_t before = op->now - TENANT_KEPT_MS;
	int64_t rows;

	*n_r = 0;
	do {
		if (!remove_page(op, before, &rows, err_r))
			return false;
		*n_r += rows;
	} while (rows > 0);
	return true;
}
