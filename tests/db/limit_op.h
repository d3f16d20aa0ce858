/*
 * tests/db/limit_op.h - segment_op.h with keys and users that have limits, as they are
 * needed by the tests of op/limit.h.
 */
#ifndef PIERRE_TESTS_LIMIT_OP_H
#define PIERRE_TESTS_LIMIT_OP_H

#include "op/key.h"
#include "op/limit.h"
#include "segment_op.h"
#include "shm/limit.h"

static struct fixture f;

static struct api_key a_key(const char *id, int64_t limit, const char *period)
{
	return (struct api_key){
		.id = id, .tier = "starter", .rate_limit_requests = limit,
		.rate_limit_period = period,
	};
}

static struct user a_user(const char *id, const char *tier)
{
	return (struct user){ .id = id, .tier = tier };
}

static bool take(const struct api_key *key, const struct user *user, uint32_t cost,
		 struct limit_outcome *out, struct err *err_r)
{
	const struct credential c = key_credential(key, user);

	return op_limit_consume(&f.op, &c, cost, out, err_r);
}

static bool explain(const struct api_key *key, const struct user *user,
		    struct limit_outcome *out, struct err *err_r)
{
	const struct credential c = key_credential(key, user);

	return op_limit_explain(&f.op, &c, out, err_r);
}

static int64_t taken(const struct api_key *key, const struct user *user, uint32_t cost)
{
	struct limit_outcome out;
	struct err err;
	int64_t n = 0;

	while (take(key, user, cost, &out, &err))
		n++;
	if (err.kind != ERR_RATE || !out.refused)
		bail_out("op_limit_consume", &err);
	return n;
}

static int64_t leased(const struct limit_state *s)
{
	struct err err;
	int64_t n = -1;

	if (!store_quota_leased(f.process.quota, s->subject, s->kind, s->window, &n, &err))
		bail_out("store_quota_leased", &err);
	return n;
}

#endif
