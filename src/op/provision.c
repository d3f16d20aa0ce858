/*
 * provision.c - keys that an administrator makes and limits. The guard of the route and
 * the scope make sure that the caller is one.
 */
#include "config.h"

#include "auth/auth.h"
#include "op/admin_token.h"
#include "op/audit.h"
#include "op/cache.h"
#include "op/key_create.h"
#include "op/provision.h"
#include "op/role.h"
#include "op/user.h"
#include "store/key.h"

#define NAME "Provisioned key"   /* the original's body has no name (R28) */

/* The service of a token is its name as it is now. */
static bool service_of(struct op *op, struct scope scope, const char **name_r,
		       struct err *err_r)
{
	struct admin_token token;

	*name_r = NULL;
	if (!op->actor.token_id)
		return true;
	if (!op_admin_token_get(op, scope, op->actor.token_id, &token, err_r))
		return false;
	*name_r = token.service_name;
	return true;
}

static struct provisioned_key row_of(const struct op *op, const struct api_key *key,
				     const char *email, const char *service)
{
	char id[UUID_TEXT];

	random_uuid(id);
	return (struct provisioned_key){
		.id = arena_strdup(op->arena, id), .token_id = op->actor.token_id,
		.admin_user_id = op->actor.user_id, .user_email = email,
		.requested_tier = key->tier, .provisioned_by_service = service,
		.rate_limit_requests = key->rate_limit_requests,
		.rate_limit_period = key->rate_limit_period, .created_at = op->now,
	};
}

bool op_key_provision(struct op *op, struct scope scope, const struct api_key *in,
		      struct api_key *out, const char **full_r, struct err *err_r)
{
	struct provisioned_key row;
	struct api_key key = *in;
	const char *service;
	struct user owner;

	if (scope.kind != SCOPE_ALL)
		return err_set(err_r, ERR_NOT_FOUND, "No user found");
	if (!field_check(&api_key_provision_schema, in, err_r) || !key_limit_whole(in, err_r) ||
	    !op_user_get(op, scope, in->user_email, &owner, err_r) ||
	    !role_check(op, &owner, err_r) || !service_of(op, scope, &service, err_r))
		return false;
	key.name = NAME;
	key.rate_limit_period = key_limit_period(in);
	row = row_of(op, &key, owner.email, service);
	return key_create(op, &(struct key_create_args){
		.scope = scope, .owner = &owner, .in = &key, .provisioned = &row, .by_admin = true,
	}, out, full_r, err_r);
}

/* What is told of a new limit. */
struct told {
	const char *owner, *rate_limit_requests, *rate_limit_period;
};
static const struct field told_fields[] = {
	FIELD(struct told, owner, UUID, FIELD_AUDIT, NULL),
	FIELD(struct told, rate_limit_requests, TEXT, FIELD_AUDIT, NULL),
	FIELD(struct told, rate_limit_period, TEXT, FIELD_AUDIT, NULL),
	{ 0 },
};
static const struct field_schema told_schema = FIELD_SCHEMA("Told", struct told, told_fields);

static struct audit_event limit_event(const struct op *op, const struct api_key *key,
				      const struct key_limit *l)
{
	const char *requests = l->period ? arena_printf(op->arena, "%lld", (long long)l->requests)
					 : "the tier's";

	return op_audit_of(op, AUDIT_API_KEY_CHANGED, key->id, &told_schema,
			   &(struct told){ key->user_id, requests, l->period });
}

bool op_key_limit_set(struct op *op, struct scope scope, const struct api_key *in,
		      struct api_key *out, struct err *err_r)
{
	struct key_limit limit = {
		.requests = in->rate_limit_requests, .period = key_limit_period(in), .now = op->now,
	};
	struct field_list shared = { .n = 0 };
	const struct api_key *other;
	struct audit_event event;
	struct user owner;
	const char *id;
	bool done;

	if (!field_check(&api_key_limit_schema, in, err_r) || !key_limit_whole(in, err_r) ||
	    !op_key_get(op, scope, in->id, out, err_r) ||
	    !op_user_get(op, scope, out->user_id, &owner, err_r) || !role_check(op, &owner, err_r))
		return false;
	event = limit_event(op, out, &limit);
	id = out->id;
	done = store_key_limit_set(op->db, scope, id, &event, &limit, op->arena, out, &shared,
				   err_r);
	op_changed(op, id);
	other = shared.items;
	for (size_t i = 0; i < shared.n; i++)
		op_changed(op, other[i].id);
	return done;
}
