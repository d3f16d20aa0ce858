/* op/member.c - members of a tenant: list, change their role, remove them. */
#include "config.h"

#include "base/str.h"
#include "op/cache.h"
#include "op/member.h"
#include "op/tenant_judge.h"
#include "store/member.h"

static const struct page_list member_list = {
	.row_size = sizeof(struct member), .created_at = offsetof(struct member, joined_at),
	.id = offsetof(struct member, user_id), .read = store_member_list,
};

bool op_member_list(struct op *op, struct scope scope, const char *tenant_id,
		    const struct page_in *in, struct page_out *out, struct err *err_r)
{
	return tenant_id_check(op, tenant_id, &tenant_id, err_r) &&
	       op_page(op, scope, &member_list, tenant_id, in, out, err_r);
}

/* --- judged under the lock -------------------------------------------------------------- */

struct member_change {
	const char *role;      /* NULL: removed */
	bool everywhere, self;
};

static bool no_member(struct err *err_r)
{
	return err_set(err_r, ERR_NOT_FOUND, "No such member");
}

static bool is_owner(const char *role)
{
	return str_eq(role, TENANT_OWNER);
}

/* An owner who cannot act owns nothing: while there is no other one, nobody does. */
static bool may_own(const struct tenant_locked *l, const struct member_change *c,
		    struct err *err_r)
{
	return !is_owner(c->role) || str_eq(l->user_status, "active") ||
	       err_reason(err_r, ERR_CONFLICT, "user_status", "The account is %s, and only an active one "
			  "can own a tenant: give it another role, or activate it first",
			  l->user_status);
}

/* Who may act on this member, and give this role? */
static unsigned needed(const struct tenant_locked *l, const struct member_change *c)
{
	if (c->self && !c->role)
		return TENANT_READ;
	return TENANT_MEMBERS | (is_owner(l->user_role) || is_owner(c->role) ? TENANT_OWN : 0);
}

static bool judge(const struct tenant_locked *locked, struct tenant *tenant, void *arg,
		  struct err *err_r)
{
	const struct member_change *c = arg;

	if (!tenant_may(locked, tenant, TENANT_READ, c->everywhere, err_r) ||
	    !tenant_is_team(tenant, err_r))
		return false;
	if (!locked->user_role || !locked->user_status)   /* or was none when this began */
		return no_member(err_r);
	if (!tenant_may(locked, tenant, needed(locked, c), c->everywhere, err_r) ||
	    !may_own(locked, c, err_r))
		return false;
	return !is_owner(locked->user_role) || is_owner(c->role) || locked->owners_but > 0 ||
	       err_reason(err_r, ERR_CONFLICT, "last_owner",
			  "This is the tenant's last active owner: make another member an owner first");
}

static bool judge_new(const struct tenant_locked *locked, struct tenant *tenant, void *arg,
		      struct err *err_r)
{
	const struct member_change *c = arg;

	if (!tenant_may(locked, tenant, TENANT_MEMBERS | TENANT_OWN, c->everywhere, err_r) ||
	    !tenant_is_team(tenant, err_r))
		return false;
	if (!locked->user_status)
		return err_set(err_r, ERR_NOT_FOUND, "No user found");
	if (str_eq(locked->user_status, "pending"))
		return err_reason(err_r, ERR_CONFLICT, "pending",
				  "The account is pending: approve it first");
	return may_own(locked, c, err_r);
}

/* --- changes ------------------------------------------------------------------------------- */

static bool ids_check(const struct op *op, const char **tenant_id, const char **user_id,
		      struct err *err_r)
{
	char uuid[UUID_TEXT];

	if (!tenant_id_check(op, *tenant_id, tenant_id, err_r))
		return false;
	if (!*user_id || !uuid_parse(*user_id, uuid))
		return no_member(err_r);
	*user_id = arena_strdup(op->arena, uuid);
	return true;
}

static bool role_word_check(const char *role, struct err *err_r)
{
	return field_check(&member_patch_schema, &(struct member){ .role = role }, err_r);
}

bool op_member_set_role(struct op *op, struct scope scope, const char *tenant_id,
			const char *user_id, const char *role, struct member *out,
			struct err *err_r)
{
	struct member_change c = { .role = role, .everywhere = scope.kind == SCOPE_ALL };
	struct audit_event event;
	struct tenant_tx tx;
	bool done;

	if (!role_word_check(role, err_r) || !ids_check(op, &tenant_id, &user_id, err_r))
		return false;
	tx = tenant_tx_of(op, scope, tenant_id, judge, &c, NULL);
	tx.user_id = user_id;
	event = tenant_event(op, &tx, AUDIT_MEMBER_CHANGED, user_id, &member_schema,
			     &(struct member){ .role = role });
	done = store_member_set_role(op->db, &event, &tx, role, err_r);
	op_changed(op, user_id);
	op_changed(op, tenant_id);
	return done && store_member_get(op->db, scope, tenant_id, user_id, op->arena, out, err_r);
}

bool op_member_remove(struct op *op, struct scope scope, const char *tenant_id,
		      const char *user_id, struct err *err_r)
{
	struct member_change c = { .everywhere = scope.kind == SCOPE_ALL };
	struct audit_event event;
	struct tenant_tx tx;
	bool done;

	if (!ids_check(op, &tenant_id, &user_id, err_r))
		return false;
	c.self = str_eq(user_id, op->actor.user_id);
	tx = tenant_tx_of(op, scope, tenant_id, judge, &c, NULL);
	tx.user_id = user_id;
	event = tenant_event(op, &tx, AUDIT_MEMBER_REMOVED, user_id, &member_schema,
			     &(struct member){ 0 });
	done = store_member_remove(op->db, &event, &tx, err_r);
	op_changed(op, user_id);
	op_changed(op, tenant_id);
	return done;
}

bool op_member_add(struct op *op, struct scope scope, const char *tenant_id, const char *user_id,
		   const char *role, struct member *out, struct err *err_r)
{
	struct member_change c = { .role = role, .everywhere = scope.kind == SCOPE_ALL };
	struct audit_event event;
	struct tenant_tx tx;
	bool done;

	if (!role_word_check(role, err_r) || !ids_check(op, &tenant_id, &user_id, err_r))
		return false;
	tx = tenant_tx_of(op, scope, tenant_id, judge_new, &c, NULL);
	tx.user_id = user_id;
	event = tenant_event(op, &tx, AUDIT_MEMBER_ADDED, user_id, &member_schema,
			     &(struct member){ .role = role });
	done = store_member_add(op->db, &event, &tx, role, err_r);
	op_changed(op, user_id);
	return done && store_member_get(op->db, scope, tenant_id, user_id, op->arena, out, err_r);
}
