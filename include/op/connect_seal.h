/* op/connect_seal.h - what an attempt to connect keeps sealed. For src/op only. */
#ifndef PIERRE_OP_CONNECT_SEAL_H
#define PIERRE_OP_CONNECT_SEAL_H

#include "model/connect.h"
#include "op/op.h"

#define CONNECT_VERIFIER "sealed_verifier"
#define CONNECT_CODE "sealed_code"

/* plain NULL: *sealed_r = NULL. s->key_id is set by the first one. */
bool connect_seal(struct op *op, struct connect_state *s, const char *column, const char *plain,
		  const char **sealed_r, struct err *err_r);
/* sealed NULL: *plain_r = NULL. */
bool connect_open(struct op *op, const struct connect_state *s, const char *column,
		  const char *sealed, const char **plain_r, struct err *err_r);

#endif
