/* op/invitation.c - places in a tenant that are offered to an e-mail address. */
#include "config.h"

#include <string.h>

#include "auth/token.h"
#include "base/str.h"
#include "op/cache.h"
#include "op/member.h"
#include "op/tenant_judge.h"
#include "store/email.h"
#include "store/member.h"
#include "store/user.h"

#define KEPT_MS (7 * DAY_MS)

static bool judge(const struct tenant_locked *locked, struct tenant *tenant, void *arg,
		  struct err *err_r)
{
	const bool *everywhere = arg;

	return tenant_may(locked, tenant, TENANT_MEMBERS, *everywhere, err_r) &&
	       tenant_is_team(tenant, err_r);
}

/* --- make, list, take back --------------------------------------------------------------- */

static bool fill(struct op *op, const char *tenant_id, const struct invitation *in,
		 struct invitation *out, struct err *err_r)
{
	const char *key;
	char id[UUID_TEXT];

	if (!field_check(&invitation_create_schema, in, err_r) ||
	    !email_canonical(op->arena, in->email, &key, err_r))
		return false;
	random_uuid(id);
	*out = (struct invitation){
		.id = arena_strdup(op->arena, id), .tenant_id = tenant_id,
		.email_key = key, .role = in->role,
		.invited_by = op->actor.user_id, .created_at = op->now,
		.expires_at = op->now + KEPT_MS, .accepted_at = TIME_NONE, .state = "pending",
	};
	return true;
}

bool op_invitation_create(struct op *op, struct scope scope, const char *tenant_id,
			  const struct invitation *in, struct invitation *out, struct err *err_r)
{
	char token[TOKEN_TEXT], hash[SHA256_HEX];
	bool everywhere = scope.kind == SCOPE_ALL, done;
	struct audit_event event;
	struct tenant_tx tx;

	if (!tenant_id_check(op, tenant_id, &tenant_id, err_r) ||
	    !fill(op, tenant_id, in, out, err_r))
		return false;
	token_invitation_new(token, hash);
	out->token_hash = arena_strdup(op->arena, hash);
	tx = tenant_tx_of(op, scope, tenant_id, judge, &everywhere, NULL);
	event = tenant_event(op, &tx, AUDIT_INVITATION_CREATED, out->id, &invitation_schema, out);
	done = store_invitation_add(op->db, &event, &tx, out, err_r);
	op_changed(op, tenant_id);
	if (done)
		out->invitation_token = arena_strdup(op->arena, token);
	explicit_bzero(token, sizeof(token));
	return done;
}

static const char *state_of(const struct op *op, const struct invitation *i)
{
	if (i->accepted_at != TIME_NONE)
		return "accepted";
	return i->expires_at <= op->now ? "expired" : "pending";
}

bool op_invitation_list(struct op *op, struct scope scope, const char *tenant_id,
			const struct page_in *in, struct page_out *out, struct err *err_r)
{
	static const struct page_list list = PAGE_LIST(struct invitation, store_invitation_list);
	struct invitation *all;

	if (!tenant_id_check(op, tenant_id, &tenant_id, err_r) ||
	    !op_page(op, scope, &list, tenant_id, in, out, err_r))
		return false;
	all = arena_alloc(op->arena, (out->rows.n + 1) * sizeof(*all));
	for (size_t i = 0; i < out->rows.n; i++) {
		all[i] = ((const struct invitation *)out->rows.items)[i];
		all[i].state = state_of(op, &all[i]);
	}
	out->rows.items = all;
	return true;
}

bool op_invitation_delete(struct op *op, struct scope scope, const char *tenant_id, const char *id,
			  struct err *err_r)
{
	bool everywhere = scope.kind == SCOPE_ALL, done;
	struct audit_event event;
	char uuid[UUID_TEXT];
	struct tenant_tx tx;

	if (!tenant_id_check(op, tenant_id, &tenant_id, err_r))
		return false;
	if (!id || !uuid_parse(id, uuid))
		return err_set(err_r, ERR_NOT_FOUND, "No such invitation");
	tx = tenant_tx_of(op, scope, tenant_id, judge, &everywhere, NULL);
	event = tenant_event(op, &tx, AUDIT_INVITATION_REVOKED, arena_strdup(op->arena, uuid),
			     &invitation_schema, &(struct invitation){ 0 });
	done = store_invitation_delete(op->db, &event, &tx, uuid, err_r);
	op_changed(op, tenant_id);
	return done;
}

/* --- accept -------------------------------------------------------------------------------- */

/* The tenant alone: who accepts is no member yet. */
static bool judge_place(const struct tenant_locked *locked, struct tenant *tenant, void *arg,
			struct err *err_r)
{
	(void)arg;
	if (tenant->deleted_at != TIME_NONE || !tenant->is_active)
		return err_reason(err_r, ERR_CONFLICT, "tenant_suspended",
				  "The tenant is suspended or was deleted: it cannot be joined");
	return !locked->role || err_set(err_r, ERR_CONFLICT, "You are a member of this tenant already: switch to it");
}

static bool is_mine(struct op *op, const struct invitation *i, struct err *err_r)
{
	struct user user;

	if (!store_user_by_id(op->db, scope_own(op), op->actor.user_id, op->arena, &user, err_r))
		return false;
	return str_eq(email_key(op->arena, user.email), i->email_key) ||
	       err_reason(err_r, ERR_FORBIDDEN, "email",
			  "The invitation is for another e-mail address than that of your account");
}

static bool is_open(const struct op *op, const struct invitation *i, struct err *err_r)
{
	if (i->accepted_at != TIME_NONE)
		return err_reason(err_r, ERR_CONFLICT, "accepted",
				  "The invitation was used: ask for another");
	return i->expires_at > op->now ||
	       err_reason(err_r, ERR_CONFLICT, "expired", "The invitation has ended: ask for another");
}

bool op_invitation_accept(struct op *op, const char *token, struct membership *out,
			  struct err *err_r)
{
	struct invitation invitation;
	struct audit_event event;
	char hash[SHA256_HEX];
	struct tenant_tx tx;
	bool done;

	token_hash(token, hash);
	if (!store_invitation_by_token(op->db, hash, op->arena, &invitation, err_r) ||
	    !is_mine(op, &invitation, err_r) || !is_open(op, &invitation, err_r))
		return false;
	tx = tenant_tx_of(op, scope_invited(&invitation), invitation.tenant_id, judge_place, NULL, NULL);
	tx.user_id = op->actor.user_id;
	event = tenant_event(op, &tx, AUDIT_MEMBER_ADDED, tx.user_id, &member_schema,
			     &(struct member){ .role = invitation.role });
	done = store_invitation_accept(op->db, &event, &tx, &invitation, err_r);
	op_changed(op, tx.user_id);
	op_changed(op, tx.id);
	return done && store_membership_get(op->db, scope_own(op), tx.id, op->actor.tenant_id, op->arena,
					    out, err_r);
}
