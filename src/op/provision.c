/*
 * provision.c - keys made and limited by an administrator. That the caller is
 * one, its guard and its scope have said.
 */
#include "config.h"

#include "base/str.h"
#include "op/audit.h"
#include "op/cache.h"
#include "op/key_grant.h"
#include "op/key_make.h"
#include "op/limit.h"
#include "op/provision.h"
#include "op/user.h"
#include "store/key.h"

#define NAME "Provisioned key"   /* the original takes none */

static bool period_check(int64_t requests, const char *period, struct err *err_r)
{
	enum window_kind kind;

	if (!period)
		return true;
	if (str_eq(period, "week"))
		return err_field(err_r, ERR_INVALID, "rate_limit_period",
				 "rate_limit_period must be hour, day or month: windows are those of "
				 "the calendar in UTC, and weeks do not fit into months");
	if (!limit_period_find(period, &kind))
		return err_field(err_r, ERR_INVALID, "rate_limit_period",
				 "rate_limit_period must be hour, day or month");
	if (requests == INT_NONE)
		return err_field(err_r, ERR_REQUIRED, "rate_limit_requests",
				 "A rate_limit_period needs rate_limit_requests");
	return true;
}

/* A limit of its own always has its window written down. */
static const char *period_of(int64_t requests, const char *period)
{
	if (requests == INT_NONE)
		return NULL;
	return period ? period : "month";
}

bool op_provision_key(struct op *op, struct scope scope, const struct provision_in *in,
		      struct api_key *out, const char **full_r, struct err *err_r)
{
	const struct key_create_in key = {
		.name = NAME, .description = in->description, .tier = in->tier,
		.rate_limit_requests = in->rate_limit_requests,
		.expires_in_days = in->expires_in_days,
	};
	struct user owner;

	if (scope.kind != SCOPE_ALL)
		return err_set(err_r, ERR_NOT_FOUND, "No user found");
	if (!period_check(in->rate_limit_requests, in->rate_limit_period, err_r))
		return false;
	if (!op_user_get(op, scope, in->user_email, &owner, err_r))
		return false;
	return key_make(op, &(struct key_make){
		.scope = scope, .owner = &owner, .in = &key, .by_admin = true,
		.period = period_of(in->rate_limit_requests, in->rate_limit_period),
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

bool op_provision_limit(struct op *op, struct scope scope, const struct key_limit_in *in,
			struct api_key *out, struct err *err_r)
{
	struct key_limit limit = {
		.requests = in->rate_limit_requests, .now = op->now,
		.period = period_of(in->rate_limit_requests, in->rate_limit_period),
	};
	struct audit_event event;
	const char *id;
	bool done;

	if (!key_grant_limit(in->rate_limit_requests, NULL, err_r) ||
	    !period_check(in->rate_limit_requests, in->rate_limit_period, err_r) ||
	    !op_key_get(op, scope, in->api_key_id, out, err_r))
		return false;
	event = limit_event(op, out, &limit);
	id = out->id;
	done = store_key_limit(op->db, scope, id, &event, &limit, op->arena, out, err_r);
	op_changed(op, id);
	return done;
}
