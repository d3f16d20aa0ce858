/* store/member.c - members of tenants and invitations: sql/common/member.sql. */
#include "config.h"

#include "db/query.h"
#include "model/tenant_role.h"
#include "store/audit.h"
#include "store/member.h"
#include "store/page.h"
#include "store/scope.h"
#include "store/sql.h"
#include "store/tenant_private.h"

#define NO_MEMBER "No such member"
#define NO_INVITATION "No such invitation"

/* --- members ---------------------------------------------------------------------- */

bool store_member_get(struct db *db, struct scope scope, const char *tenant_id, const char *user_id,
		      struct arena *arena, struct member *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(member_get, .tenant_id = db_text(tenant_id), TENANT_ARGS(scope),
				   .user_id = db_text(user_id)),
		      &member_schema, arena, out, NO_MEMBER, err_r);
}

bool store_member_list(struct db *db, struct scope scope, const void *filter, const struct page *page,
		       struct arena *arena, struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_ARGS(member_list, .tenant_id = db_text(filter), TENANT_ARGS(scope),
				    PAGE_ARGS(page)), &member_schema, arena, out, err_r);
}

static bool add(struct db *db, const struct tenant_tx *tx, const char *role, const char *invited_by,
		struct err *err_r)
{
	return db_write(db, SQL_ARGS(member_insert, .tenant_id = db_text(tx->id),
				     .user_id = db_text(tx->user_id), .role = db_text(role),
				     .invited_by = db_text(invited_by),
				     .joined_at = db_time(tx->now)), NULL, err_r);
}

static bool write_added(struct db *db, const struct tenant_tx *tx, const void *arg, struct err *err_r)
{
	return add(db, tx, arg, tx->actor_id, err_r);
}

bool store_member_add(struct db *db, const struct audit_event *event, const struct tenant_tx *tx,
		      const char *role, struct err *err_r)
{
	return tenant_locked_update(db, event, &(struct tenant_change){
		.tx = tx, .write = write_added, .arg = role }, err_r);
}

/* Who may invite no longer has nobody invited. */
static bool end_invitations_by(struct db *db, const struct tenant_tx *tx, struct err *err_r)
{
	return db_write(db, SQL_ARGS(invitation_end_by, .tenant_id = db_text(tx->id),
				     TENANT_ARGS(tx->scope), .user_id = db_text(tx->user_id)),
			NULL, err_r);
}

static bool write_role(struct db *db, const struct tenant_tx *tx, const void *arg, struct err *err_r)
{
	return db_write_one(db, SQL_ARGS(member_set_role, .role = db_text(arg),
					 .tenant_id = db_text(tx->id), TENANT_ARGS(tx->scope),
					 .user_id = db_text(tx->user_id)), NO_MEMBER, err_r) &&
	       ((tenant_role_may(arg) & TENANT_MEMBERS) || end_invitations_by(db, tx, err_r));
}

bool store_member_set_role(struct db *db, const struct audit_event *event,
			   const struct tenant_tx *tx, const char *role, struct err *err_r)
{
	return tenant_locked_update(db, event, &(struct tenant_change){
		.tx = tx, .write = write_role, .arg = role }, err_r);
}

/* The user's row is locked: a login that ran is over, and its session is there. */
static bool write_removed(struct db *db, const struct tenant_tx *tx, const void *arg,
			  struct err *err_r)
{
	const struct db_value tenant = db_text(tx->id), user = db_text(tx->user_id);

	(void)arg;
	return end_invitations_by(db, tx, err_r) &&
	       db_write(db, SQL_ARGS(invitation_end_to, .tenant_id = tenant, TENANT_ARGS(tx->scope),
				     .user_id = user), NULL, err_r) &&
	       db_write(db, SQL_ARGS(member_leave, .tenant_id = tenant, TENANT_ARGS(tx->scope),
				     .user_id = user, .now = db_time(tx->now)), NULL, err_r) &&
	       db_write_one(db, SQL_ARGS(member_delete, .tenant_id = tenant, TENANT_ARGS(tx->scope),
					 .user_id = user), NO_MEMBER, err_r) &&
	       db_write(db, SQL_ARGS(member_end_sessions, .tenant_id = tenant, TENANT_ARGS(tx->scope),
				     .user_id = user), NULL, err_r) &&
	       db_write(db, SQL_ARGS(member_end_connections, .tenant_id = tenant, TENANT_ARGS(tx->scope),
				     .user_id = user, .now = db_time(tx->now)), NULL, err_r) &&
	       db_write(db, SQL_ARGS(member_revoke_keys, .tenant_id = tenant, TENANT_ARGS(tx->scope),
				     .user_id = user, .now = db_time(tx->now),
				     .reason = db_text("The owner left the tenant")), NULL, err_r);
}

bool store_member_remove(struct db *db, const struct audit_event *event, const struct tenant_tx *tx,
			 struct err *err_r)
{
	return tenant_locked_update(db, event, &(struct tenant_change){ .tx = tx, .write = write_removed },
			     err_r);
}

/* --- invitations ------------------------------------------------------------------- */

static bool write_invitation(struct db *db, const struct tenant_tx *tx, const void *arg,
			     struct err *err_r)
{
	const struct invitation *in = arg;
	int64_t n;

	if (!db_number(db, SQL_ARGS(invitation_is_member, .tenant_id = db_text(tx->id),
				    TENANT_ARGS(tx->scope), .email_key = db_text(in->email_key)),
		       &n, err_r))
		return false;
	if (n > 0)
		return err_field(err_r, ERR_CONFLICT, "email",
				 "The account with this address is a member already: change its role there");
	return db_write(db, SQL_ROW(invitation_insert, &invitation_schema, in), NULL, err_r);
}

bool store_invitation_add(struct db *db, const struct audit_event *event, const struct tenant_tx *tx,
			  const struct invitation *in, struct err *err_r)
{
	return tenant_locked_update(db, event, &(struct tenant_change){
		.tx = tx, .write = write_invitation, .arg = in }, err_r);
}

bool store_invitation_list(struct db *db, struct scope scope, const void *filter,
			   const struct page *page, struct arena *arena, struct field_list *out,
			   struct err *err_r)
{
	return db_list(db, SQL_ARGS(invitation_list, .tenant_id = db_text(filter), TENANT_ARGS(scope),
				    PAGE_ARGS(page)), &invitation_schema, arena, out, err_r);
}

static bool write_no_invitation(struct db *db, const struct tenant_tx *tx, const void *arg,
				struct err *err_r)
{
	return db_write_one(db, SQL_ARGS(invitation_delete, .id = db_text(arg),
					 .tenant_id = db_text(tx->id), TENANT_ARGS(tx->scope)),
			    NO_INVITATION, err_r);
}

bool store_invitation_delete(struct db *db, const struct audit_event *event,
			     const struct tenant_tx *tx, const char *id, struct err *err_r)
{
	return tenant_locked_update(db, event, &(struct tenant_change){
		.tx = tx, .write = write_no_invitation, .arg = id }, err_r);
}

bool store_invitation_by_token(struct db *db, const char *token_hash, struct arena *arena,
			       struct invitation *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(invitation_by_token, .token_hash = db_text(token_hash)),
		      &invitation_schema, arena, out, NO_INVITATION, err_r);
}

static bool write_accepted(struct db *db, const struct tenant_tx *tx, const void *arg,
			   struct err *err_r)
{
	const struct invitation *in = arg;
	int64_t n;

	if (!db_write(db, SQL_ARGS(invitation_accept, .now = db_time(tx->now),
				   .user_id = db_text(tx->user_id),
				   .token_hash = db_text(in->token_hash)), &n, err_r))
		return false;
	if (n == 0)
		return err_set(err_r, ERR_CONFLICT,
			       "The invitation was used or taken back: ask for another");
	return add(db, tx, in->role, in->invited_by, err_r);
}

bool store_invitation_accept(struct db *db, const struct audit_event *event,
			     const struct tenant_tx *tx, const struct invitation *in,
			     struct err *err_r)
{
	return tenant_locked_update(db, event, &(struct tenant_change){
		.tx = tx, .write = write_accepted, .arg = in }, err_r);
}
