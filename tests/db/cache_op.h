/*
 * tests/db/cache_op.h - segment_op.h with keys and sessions, and what is thought of them.
 */
#ifndef PIERRE_TESTS_CACHE_OP_H
#define PIERRE_TESTS_CACHE_OP_H

#include "credential_op.h"
#include "op/key.h"
#include "op/session.h"
#include "segment_op.h"

static struct fixture f;

static const struct api_key plain = {
	.name = "key", .rate_limit_requests = INT_NONE, .expires_in_days = INT_NONE,
};

/* What a process of another host does: it commits, and bumps nothing here. */
static struct op elsewhere(void)
{
	static struct op_process process;
	struct op op = f.op;

	process = f.process;
	process.segment = NULL;
	process.cache = false;
	op.process = &process;
	return op;
}

__attribute__((unused))
static const char *made_key(const struct user *user, struct api_key *key)
{
	const char *full = "";
	struct err err;

	if (!op_key_create(&f.op, of(user->id), &plain, key, &full, &err))
		bail_out("op_key_create", &err);
	return full;
}

static const char *verdict(const char *full)
{
	static struct err err;
	struct credential c;

	return key_good(&f.op, full, &c, &err) ? "good" : err.reason;
}

static const char *session_verdict(const char *token)
{
	static struct err err;
	struct credential c;

	return session_good(&f.op, token, &c, &err) ? "good" : err.reason;
}

#endif
