/*
 * op/key_create.h - what every way of making an API key shares. For src/op only.
 */
#ifndef PIERRE_OP_KEY_CREATE_H
#define PIERRE_OP_KEY_CREATE_H

#include "model/admin_token.h"
#include "op/key.h"

struct key_create_args {
	struct scope scope;   /* the owner is in it */
	const struct user *owner;
	const struct api_key *in;
	struct provisioned_key *provisioned;   /* written with it, NULL = none; its api_key_id
					      * is filled here */
	bool by_admin;        /* any tier, any limit; the owner's ceiling stands above it */
};
/* As op_key_create() says. */
bool key_create(struct op *op, const struct key_create_args *m, struct api_key *out,
		const char **full_r, struct err *err_r);

#endif
