/*
 * tests/db/credential_op.h - a credential that is presented by its text alone.
 */
#ifndef PIERRE_TESTS_CREDENTIAL_OP_H
#define PIERRE_TESTS_CREDENTIAL_OP_H

#include "op/credential.h"

__attribute__((unused))
static bool key_good(struct op *op, const char *text, struct credential *out, struct err *err_r)
{
	const struct credential_text presented = { .text = text };

	return op_credential_check(op, &presented, CREDENTIAL_VERIFY, out, err_r) &&
		out->kind == &credential_key;
}

/* A session, by which the owner may act. */
__attribute__((unused))
static bool session_good(struct op *op, const char *text, struct credential *out,
			 struct err *err_r)
{
	const struct credential_text presented = { .text = text };

	return op_credential_check(op, &presented, CREDENTIAL_ACT, out, err_r) &&
		out->kind == &credential_session;
}

#endif
