/* op/key_import.c - API keys of another program, by their hashes. */
#include "config.h"

#include "auth/auth.h"
#include "auth/token.h"
#include "base/str.h"
#include "op/audit.h"
#include "op/key.h"
#include "op/key_grant.h"
#include "op/key_create.h"
#include "op/user.h"
#include "store/key.h"

bool op_key_import_line(struct op *op, struct scope scope, const struct api_key *in,
			struct api_key *out, struct err *err_r)
{
	const struct key_owner any = { .replacing = 0 };   /* an administrator's grant asks for none */
	char id[UUID_TEXT];
	struct user owner;

	if (!field_check(&api_key_import_schema, in, err_r) || !key_limit_whole(in, err_r) ||
	    !op_user_get(op, scope, in->user_email, &owner, err_r))
		return false;
	random_uuid(id);
	*out = *in;
	out->id = arena_strdup(op->arena, id);
	out->user_id = owner.id;
	/* his personal one; the filler names it once he is approved */
	out->tenant_id = str_eq(owner.user_status, "pending") ? NULL : owner.id;
	out->key_prefix = arena_printf(op->arena, "#%s", in->key_hash + sizeof(KEY_IMPORTED) - 1);
	out->tier = in->tier ? in->tier : owner.tier;
	out->scopes = in->scopes.items ? in->scopes : strings_empty;
	out->metadata = in->metadata ? in->metadata : "{}";
	out->allowed_cidrs = in->allowed_cidrs.items ? in->allowed_cidrs : strings_empty;
	out->rate_limit_period = key_limit_period(in);
	out->granted_by = GRANTED_BY_ADMIN;
	out->is_active = true;
	out->revoked_at = out->last_used_at = TIME_NONE;
	out->created_at = out->updated_at = op->now;
	return key_grant_check(&(struct key_grant){
		.want = out, .owner = &any, .by_admin = true, .now = op->now }, err_r);
}

/* What is told of an import. */
struct told {
	const char *keys;
};
static const struct field told_fields[] = {
	FIELD(struct told, keys, TEXT, FIELD_AUDIT, NULL),
	{ 0 },
};
static const struct field_schema told_schema = FIELD_SCHEMA("Told", struct told, told_fields);

bool op_key_import(struct op *op, struct scope scope, struct key_batch *batch,
		   struct err *err_r)
{
	const struct told told = { arena_printf(op->arena, "%zu", batch->n) };
	struct audit_event event =
		op_audit_of(op, AUDIT_API_KEYS_IMPORTED, NULL, &told_schema, &told);

	return store_key_import(op->db, scope, &event, batch, op->arena, err_r);
}
