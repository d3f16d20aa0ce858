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

/* A window of a limit means nothing without requests; with them there is always one. */
bool key_limit_whole(const struct api_key *in, struct err *err_r);
const char *key_limit_period(const struct api_key *in);

/* Draw a public id and a secret for *k, and keep(): again while the public id is taken
 * (ERR_CONFLICT field key_prefix). *full_r: the key text, shown once, in the arena. */
typedef bool key_keep_fn(struct op *op, const struct api_key *k, void *arg, struct err *err_r);
bool key_draw(struct op *op, struct api_key *k, key_keep_fn *keep, void *arg,
	      const char **full_r, struct err *err_r);

#endif
