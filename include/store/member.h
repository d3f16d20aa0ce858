/*
 * store/member.h - members of tenants and invitations: typed calls. Changes are
 * judged as store/tenant.h says.
 */
#ifndef PIERRE_STORE_MEMBER_H
#define PIERRE_STORE_MEMBER_H

#include "model/member.h"
#include "store/tenant.h"

/* ERR_NOT_FOUND "No such member". */
bool store_member_get(struct db *db, struct scope scope, const char *tenant_id, const char *user_id,
		      struct arena *arena, struct member *out, struct err *err_r);
/* filter: the id of the tenant, a text. */
bool store_member_list(struct db *db, struct scope scope, const void *filter, const struct page *page,
		       struct arena *arena, struct field_list *out, struct err *err_r);
bool store_member_add(struct db *db, const struct audit_event *event, const struct tenant_tx *tx,
		      const char *role, struct err *err_r);
bool store_member_set_role(struct db *db, const struct audit_event *event,
			   const struct tenant_tx *tx, const char *role, struct err *err_r);
/* And the sessions in this tenant end, the keys there are revoked, and it is not the
 * default of the next login. */
bool store_member_remove(struct db *db, const struct audit_event *event, const struct tenant_tx *tx,
			 struct err *err_r);

/* --- invitations ------------------------------------------------------------------ */

/* ERR_CONFLICT when an account with that address is a member. */
bool store_invitation_add(struct db *db, const struct audit_event *event, const struct tenant_tx *tx,
			  const struct invitation *in, struct err *err_r);
bool store_invitation_list(struct db *db, struct scope scope, const void *filter,
			   const struct page *page, struct arena *arena, struct field_list *out,
			   struct err *err_r);
/* ERR_NOT_FOUND "No such invitation". */
bool store_invitation_delete(struct db *db, const struct audit_event *event,
			     const struct tenant_tx *tx, const char *id, struct err *err_r);
/* By its token, which stands in for a scope. */
bool store_invitation_by_token(struct db *db, const char *token_hash, struct arena *arena,
			       struct invitation *out, struct err *err_r);
/* tx->user_id becomes a member. ERR_CONFLICT when it was accepted, or ended, meanwhile. */
bool store_invitation_accept(struct db *db, const struct audit_event *event,
			     const struct tenant_tx *tx, const struct invitation *in,
			     struct err *err_r);

#endif
