/* op/admin_token.c - make, list, rotate and revoke admin tokens. */
#include "config.h"

#include <string.h>

#include "auth/token.h"
#include "base/str.h"
#include "model/permission.h"
#include "op/admin_token.h"
#include "op/audit.h"
#include "op/cache.h"
#include "store/admin_token.h"
#include "store/token_use.h"

static int64_t end_of(const struct op *op, int64_t days)
{
	return days == INT_NONE || days == 0 ? TIME_NONE : op->now + days * DAY_MS;
}

/* A fresh id and secret for the row. */
static const char *generate(struct op *op, struct admin_token *row)
{
	char text[TOKEN_TEXT], hash[SHA256_HEX], id[UUID_TEXT];
	const char *shown;

	random_uuid(id);
	token_admin_generate(text, hash);
	row->id = arena_strdup(op->arena, id);
	row->token_hash = arena_strdup(op->arena, hash);
	row->token_prefix = arena_strndup(op->arena, text, TOKEN_ADMIN_PREFIX);
	row->created_by = op->actor.user_id;
	row->revoked_at = row->last_used_at = TIME_NONE;
	row->last_used_ip = row->rotated_to = NULL;
	row->usage_count = 0;
	row->is_active = true;
	row->created_at = row->updated_at = op->now;
	shown = arena_strdup(op->arena, text);
	explicit_bzero(text, sizeof(text));
	return shown;
}

static struct strings permissions_of(const struct admin_token *in)
{
	if (in->is_super_admin)
		return permissions_all;
	return in->permissions.items ? in->permissions : permissions_default;
}

bool op_admin_token_create(struct op *op, const struct admin_token *in, struct admin_token *out,
			   const char **text_r, struct err *err_r)
{
	struct audit_event event;

	if (op->actor.role < ROLE_SUPER_ADMIN)
		return err_reason(err_r, ERR_FORBIDDEN, "role", "Only a super_admin may make an "
				  "admin token");
	if (!field_check(&admin_token_create_schema, in, err_r))
		return false;
	if (in->is_super_admin && in->permissions.items)
		return err_field(err_r, ERR_INVALID, "permissions",
				 "is_super_admin is all permissions: leave permissions out");
	*out = *in;
	out->permissions = permissions_of(in);
	out->expires_at = end_of(op, in->expires_in_days);
	*text_r = generate(op, out);
	event = op_audit_of(op, AUDIT_ADMIN_TOKEN_CREATED, out->id, &admin_token_schema, out);
	return store_admin_token_create(op->db, &event, out, err_r);
}

/* --- list, show ------------------------------------------------------------------- */

bool op_admin_token_get(struct op *op, struct scope scope, const char *id,
			struct admin_token *out, struct err *err_r)
{
	char uuid[UUID_TEXT];

	return (uuid_parse(id, uuid) || err_set(err_r, ERR_NOT_FOUND, "No such admin token")) &&
	       store_admin_token_get(op->db, scope, uuid, op->now, op->arena, out, err_r);
}

static const struct page_list token_list = PAGE_LIST(struct admin_token, store_admin_token_list);

bool op_admin_token_list(struct op *op, struct scope scope, const struct admin_token_query *in,
			 struct page_out *out, struct err *err_r)
{
	const struct admin_token_filter filter = { in, op->now };

	return field_check(&admin_token_query_schema, in, err_r) &&
	       op_page(op, scope, &token_list, &filter, &in->page, out, err_r);
}

static const struct page_list use_list = {
	.row_size = sizeof(struct token_use), .created_at = offsetof(struct token_use, timestamp),
	.id = offsetof(struct token_use, id), .read = store_token_use_list,
};

bool op_admin_token_usage(struct op *op, struct scope scope, const char *id,
			  const struct token_use_query *in, struct page_out *out,
			  struct err *err_r)
{
	struct admin_token token;

	return op_admin_token_get(op, scope, id, &token, err_r) &&
	       op_page(op, scope, &use_list, &(struct token_use_filter){ token.id, in },
		       &in->page, out, err_r);
}

static const struct page_list provisioned_list =
	PAGE_LIST(struct provisioned_key, store_provisioned_list);

bool op_provisioned_list(struct op *op, struct scope scope, const struct provisioned_query *in,
			 struct page_out *out, struct err *err_r)
{
	const struct provisioned_filter filter = { in, op->now };

	return op_page(op, scope, &provisioned_list, &filter, &in->page, out, err_r);
}

/* --- revoke, rotate --------------------------------------------------------------- */

static bool may_end(const struct op *op, const char *id, struct err *err_r)
{
	return op->actor.role >= ROLE_SUPER_ADMIN || str_eq(op->actor.token_id, id) ||
	       err_reason(err_r, ERR_FORBIDDEN, "role", "Only a super_admin may end an admin token "
			  "that is not the one of this call");
}

bool op_admin_token_revoke(struct op *op, struct scope scope, const char *id,
			   struct admin_token *out, struct err *err_r)
{
	struct audit_event event;
	struct err err;
	bool done;

	if (!op_admin_token_get(op, scope, id, out, err_r) || !may_end(op, out->id, err_r))
		return false;
	if (out->revoked_at != TIME_NONE)
		return true;
	id = out->id;
	event = op_audit_of(op, AUDIT_ADMIN_TOKEN_REVOKED, id, &admin_token_schema, out);
	done = store_admin_token_revoke(op->db, scope, id, &event, op->now, &err);
	op_changed(op, id);
	if (done || err.kind == ERR_NOT_FOUND)   /* revoked by another call meanwhile */
		return op_admin_token_get(op, scope, id, out, err_r);
	*err_r = err;
	return false;
}

/* As long as the old one was made for, unless days were given. */
static int64_t next_end(const struct op *op, const struct admin_token *old, int64_t days)
{
	if (days != INT_NONE || old->expires_at == TIME_NONE)
		return end_of(op, days);
	return op->now + (old->expires_at - old->created_at);
}

bool op_admin_token_rotate(struct op *op, struct scope scope, const char *id,
			   const struct admin_token *in, struct admin_token *out,
			   const char **text_r, struct err *err_r)
{
	int64_t overlap = in->overlap_seconds == INT_NONE ? 0 : in->overlap_seconds;
	struct admin_token_rotation rotation = { .scope = scope, .made = out, .now = op->now,
						 .until = op->now + overlap * SECOND_MS };
	struct audit_event event;
	struct admin_token old;
	bool done;

	if (op->actor.role < ROLE_SUPER_ADMIN)
		return err_reason(err_r, ERR_FORBIDDEN, "role", "Only a super_admin may rotate an "
				  "admin token");
	if (!field_check(&admin_token_rotate_schema, in, err_r) ||
	    !op_admin_token_get(op, scope, id, &old, err_r))
		return false;
	*out = old;
	out->expires_at = next_end(op, &old, in->expires_in_days);
	*text_r = generate(op, out);
	rotation.id = old.id;
	event = op_audit_of(op, AUDIT_ADMIN_TOKEN_ROTATED, old.id, &admin_token_schema, out);
	done = store_admin_token_rotate(op->db, &event, &rotation, err_r);
	op_changed(op, old.id);
	return done;
}
