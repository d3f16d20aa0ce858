/*
 * op/instance.h - what this database is, and which encryption key it goes with.
 */
#ifndef PIERRE_OP_INSTANCE_H
#define PIERRE_OP_INSTANCE_H

#include "op/op.h"
#include "store/instance.h"

#define ENCRYPTION_KEY_BYTES 32

/* The row of this database; the first call makes it. */
bool op_instance_ensure(struct op *op, struct instance *out, struct err *err_r);

/* ENCRYPTION_KEY: base64 of exactly 32 bytes. ERR_CONFIG, with the command
 * that makes one, otherwise. key NULL: only checked. */
bool op_encryption_key(const char *text, unsigned char key[ENCRYPTION_KEY_BYTES],
		       struct err *err_r);

/* The first use ties the key to the database (an HMAC of the database's id is
 * kept); another key later: ERR_CONFIG. Call it after migrating, before serving. */
bool op_instance_check_key(struct op *op, const char *encryption_key, struct err *err_r);

#endif
