/*
 * op/instance.h - what this database is, and which encryption key it goes with.
 */
#ifndef PIERRE_OP_INSTANCE_H
#define PIERRE_OP_INSTANCE_H

#include "model/instance.h"
#include "op/op.h"

/* The row of this database; the first call makes it. */
bool op_instance_ensure(struct op *op, struct instance *out, struct err *err_r);

/* The first use ties the key to the database (an HMAC of the database's id is
 * kept); none, or another key later: ERR_CONFIG. Call it after migrating, before serving. */
bool op_instance_check_key(struct op *op, const struct conf_key *key, struct err *err_r);

/* Is it that key? Changes nothing; ERR_NOT_FOUND: the database was never served. */
bool op_instance_is_key(struct op *op, const struct conf_key *key, struct err *err_r);

#endif
