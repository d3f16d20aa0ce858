/*
 * op/instance.h - what this database is, and which master key goes with it: that of
 * ENCRYPTION_KEY, or during its change (`pierre keys master`) for a while still that of
 * ENCRYPTION_KEY_PREVIOUS. Both are those of op->process->conf.
 */
#ifndef PIERRE_OP_INSTANCE_H
#define PIERRE_OP_INSTANCE_H

#include "auth/auth.h"
#include "model/instance.h"
#include "op/op.h"

/* The row of this database; the first call makes it. */
bool op_instance_ensure(struct op *op, struct instance *out, struct err *err_r);

/* The first use ties ENCRYPTION_KEY to the database (an HMAC of the database's id is
 * kept). ERR_CONFIG: none is set, or neither is that one. *change_open_r: it is still
 * the previous one. Call it after migrating, before serving. */
bool op_instance_check_key(struct op *op, bool *change_open_r, struct err *err_r);

/* Is one of them that key? Changes nothing; ERR_NOT_FOUND: the database was never served. */
bool op_instance_is_key(struct op *op, struct err *err_r);

/* What each key would be checked by. */
struct instance_checks {
	char current[SHA256_HEX], previous[SHA256_HEX];
};
/* Both are set, and the previous one is that of the database. ERR_CONFLICT: the current
 * one is already. */
bool op_instance_may_change_key(struct op *op, struct instance_checks *out,
				struct err *err_r);

#endif
