/*
 * op/member.h - members of a tenant, and invitations. Scopes and roles: op/tenant.h.
 *
 * An owner is made, changed and removed by owners alone (TENANT_OWN), and is an active
 * user when made one: ERR_CONFLICT reason user_status. The last active owner stays one:
 * ERR_CONFLICT reason last_owner.
 *
 * An invitation is a token (`inv_` and 43 characters, kept as its SHA-256) for an e-mail
 * address: good for 7 days, once, for the account with that address alone. Pierre sends
 * no mail; the inviter hands it over.
 */
#ifndef PIERRE_OP_MEMBER_H
#define PIERRE_OP_MEMBER_H

#include "model/member.h"
#include "op/tenant.h"

/* Newest first: struct member. TENANT_READ was judged on entering. */
bool op_member_list(struct op *op, struct scope scope, const char *tenant_id,
		    const struct page_in *in, struct page_out *out, struct err *err_r);
/* ERR_NOT_FOUND "No such member", here and below. */
bool op_member_set_role(struct op *op, struct scope scope, const char *tenant_id,
			const char *user_id, const char *role, struct member *out,
			struct err *err_r);
/* Oneself, or with TENANT_MEMBERS. Takes effect on the next request. */
bool op_member_remove(struct op *op, struct scope scope, const char *tenant_id,
		      const char *user_id, struct err *err_r);
/* Without an invitation: with scope_all(). The user must not be pending. */
bool op_member_add(struct op *op, struct scope scope, const char *tenant_id, const char *user_id,
		   const char *role, struct member *out, struct err *err_r);

/* TENANT_MEMBERS. out->invitation_token is shown once. */
bool op_invitation_create(struct op *op, struct scope scope, const char *tenant_id,
			  const struct invitation *in, struct invitation *out, struct err *err_r);
/* Newest first, also those that were accepted or ended. */
bool op_invitation_list(struct op *op, struct scope scope, const char *tenant_id,
			const struct page_in *in, struct page_out *out, struct err *err_r);
bool op_invitation_delete(struct op *op, struct scope scope, const char *tenant_id, const char *id,
			  struct err *err_r);
/* By the user who acts. Unknown: ERR_NOT_FOUND; used or ended: ERR_CONFLICT; of another
 * address: ERR_FORBIDDEN reason email. *out: the membership. */
bool op_invitation_accept(struct op *op, const char *token, struct membership *out,
			  struct err *err_r);

#endif
